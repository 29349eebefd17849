_base_ = ['../ce/r50_cars.py', '../_base_/methods/rifle.py']
