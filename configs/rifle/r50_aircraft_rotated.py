_base_ = ['../ce/r50_aircraft_rotated.py', '../_base_/methods/rifle.py']
