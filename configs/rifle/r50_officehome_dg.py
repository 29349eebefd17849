_base_ = ['../ce/r50_officehome_dg.py', '../_base_/methods/rifle.py']
