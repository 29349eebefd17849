_base_ = ['../ce/r50_pacs_dg.py', '../_base_/methods/rifle.py']
