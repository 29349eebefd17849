_base_ = ['../ce/r50_vlcs_dg.py', '../_base_/methods/rifle.py']
