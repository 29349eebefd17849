_base_ = ['../ce/r50_coco_det.py', '../_base_/methods/rifle.py']
