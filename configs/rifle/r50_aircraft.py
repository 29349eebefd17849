_base_ = ['../ce/r50_aircraft.py', '../_base_/methods/rifle.py']
