_base_ = ['../ce/r50_pets.py', '../_base_/methods/rifle.py']
