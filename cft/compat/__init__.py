"""Everything that ``import cft`` does to other libraries.

====================================  ================================================  =============================
what                                  why                                               test
====================================  ================================================  =============================
``mmcv._ext`` is served by            mmcv installs in seconds without compiling, and   ``compat/test_mmcv_operators``,
torchvision where mmcv has no         two-stage detectors need NMS and RoIAlign         ``test_nms``, ``test_roi_align``
operators of its own, or none for     (:mod:`.mmcv_operators`)
CUDA
``mmdet`` is absent while one layer   mmpretrain imports all of mmdet for it, which     ``test_imports``
of mmpretrain is imported             classification does not need
                                      (:mod:`.import_hooks`)
``WITH_MULTIMODAL`` of mmpretrain     its models of images with text are written for    ``test_imports``
is False beside transformers 5        transformers 4; beside 5 nothing of mmpretrain
                                      can be imported (:mod:`.import_hooks`)
mmpretrain's inference reads image    mmcv's reading cuts 16 bits to the high byte and  ``compat/test_image_reading``
files as training does                drops transparency (:mod:`.image_reading`)
MMEngine's checkpoint loaders read    MMEngine's own retry with everything allowed,     ``compat/test_checkpoint_loaders``
without running anything in a file    so that a file can run code
                                      (:mod:`.checkpoint_loaders`)
MMEngine's ``fileio.load`` of YAML    annotations, proposals and configs in these       ``compat/test_file_handlers``
and pickles builds plain values       formats can run code
alone                                 (:mod:`.file_handlers`)
MMEngine's local files: archives of   a run killed while it writes would leave a torn   ``test_files``,
``torch.save`` appear whole           checkpoint in the place of a good one             ``compat/test_local_backend``
                                      (:mod:`.local_backend`)
lines of the libraries' own go to     the environment, the whole config and tables of    ``compat/test_quiet_screen``,
the log file instead of the screen,   hooks are hundreds of lines before the first       ``test_imports``
as long as ``log_level`` is not       step; others alarm about parts that no config of
``DEBUG``                             ours uses (:mod:`.quiet_screen` lists them)
MMEngine's classes for sharded        importing what they are made of takes as long as    ``compat/test_deferred_classes``
training are made when one is used    all the rest of MMEngine (:mod:`.deferred_classes`)
torchvision's RoIAlign asks           it takes as long as importing PyTorch itself, and   ``compat/test_deferred_classes``
PyTorch's compiler when it is called  is needed by trainings alone
                                      (:mod:`.import_hooks`)
MMEngine's visualizers make their     every run has one for its trackers, and few draw    ``compat/test_late_figures``
figure when something is drawn        anything (:mod:`.late_figures`)
MMEngine's data sets look through     a full collection of garbage takes a quarter of a   ``compat/test_garbage``
the youngest objects alone when they  second, several times in each run, and frees
have read their list                  nothing more (:mod:`.garbage`)
MMEngine's ``Config.pretty_text``     formatting takes 0.1 s and more, five times at the  ``compat/test_config_text``
formats a content, and a statement,   start of a run and for each checkpoint
once
                                      (:mod:`.config_text`)
====================================  ================================================  =============================

From then on this holds for every config, whichever tool runs it: ours carry
``custom_imports = dict(imports=['cft'])``, and without a config ``import cft``
does it. What a process loads with MMEngine before that is loaded by MMEngine's
own. Not covered are checkpoints of MMEngine's ``FlexibleRunner`` (DeepSpeed,
ColossalAI), and the deprecated ``file_client_args``. No registered name of
another library changes its meaning; the weight initialiser ``SSLPretrained``
is added to MMEngine's.
"""  # noqa: E501 - the table above

from . import import_hooks


def install() -> None:
    """Do all of the above; again, it does nothing more."""
    import_hooks.install_finder()
    # They import MMEngine, of which the finder leaves out what takes long.
    from . import checkpoint_loaders, config_text, file_handlers, garbage, late_figures, local_backend, quiet_screen

    checkpoint_loaders.register_loaders()
    file_handlers.register_plain_handlers()
    local_backend.register_local_backend()
    config_text.remember_config_texts()
    quiet_screen.quieten()
    late_figures.make_figures_late()
    garbage.leave_garbage()
