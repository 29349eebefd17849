# SCL as in configs/, with SupContrast's two deviations as switches, both off; 0.07 and True are SupContrast's.
parts_head = dict(
    contrastive=dict(
        loss=dict(type='projects.released_code.SupContrastLoss', base_temperature=None, mean_over_all=False)
    )
)
