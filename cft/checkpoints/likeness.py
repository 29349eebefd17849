"""What a file without a known backbone looks like, by the names of its tensors."""

import re
from collections.abc import Iterable

# The first of which some name matches whole; what may lie beside a network of images comes last.
LIKENESSES = (
    (r'.*(lora_[AB]|lora_(up|down)|lora_magnitude_vector)(\..*)?', 'a LoRA adapter'),
    (r'(.*\.)?(input_blocks|output_blocks|middle_block)\..*', 'a diffusion U-Net'),
    (r'(.*\.)?(down_blocks|up_blocks)\.\d+\.(resnets|attentions)\..*', 'a diffusion U-Net or its autoencoder'),
    (r'(.*\.)?(time_text_embed|transformer_blocks|double_blocks|joint_blocks)\..*', 'a diffusion transformer'),
    (r'(.*\.)?(first_stage_model|quant_conv|post_quant_conv)\..*', 'an image autoencoder'),
    (r'(.*\.)?(bbox_head|rpn_head|roi_heads?|rpn|fpn_lateral\d|proposal_generator)\..*', "a detector's neck and heads"),
    (r'(.*\.)?(decode_head|auxiliary_head|sem_seg_head)\..*', "a segmenter's head"),
    (r'(.*\.)?(lateral_convs|fpn_convs|fpn)\..*', "a detector's neck"),
    (r'model\.\d+\.(conv|cv\d|m\.\d+)\..*', 'a YOLO detector'),
    (r'(.*\.)?(embed_tokens|wte|word_embeddings|token_embedding)(\..*)?', 'a text encoder or language model'),
    (r'(.*\.)?(text_model|text_encoder|text_projection|bert|roberta)(\..*)?', 'a text encoder'),
    (r'(.*\.)?(feature_extractor\.conv_layers|wav2vec2|hubert)\..*', 'a network for sound'),
    (r'(.*\.)?denseblock\d\..*', 'a DenseNet'),
    (r'(.*\.)?(_blocks|blocks\.\d+)\.\d+\.(_depthwise_conv|conv_dw|conv_pw)\..*', 'an EfficientNet or MobileNet'),
    (r'features\.\d+\.(conv\.\d|block\.\d)\..*', 'an EfficientNet or MobileNet of torchvision'),
    (r'features\.\d+\.weight', 'an AlexNet or VGG'),
    (r'(.*\.)?Mixed_\d.*', 'an Inception'),
    (r's\d+\.b\d+\..*|trunk_output\..*', 'a RegNet'),
    (r'(exp_avg|exp_avg_sq|momentum_buffer)(\..*)?|\d+\.(exp_avg|momentum_buffer)', 'the state of an optimiser'),
    (r'(.*\.)?decoder\..*', 'a decoder'),
)  # fmt: skip


def likeness(names: Iterable[str]) -> str | None:
    """What the names look like; None if like nothing known.

    Example:
        >>> likeness(['unet.down_blocks.0.attentions.0.norm.weight'])
        'a diffusion U-Net or its autoencoder'
    """
    names = list(names)
    return next((words for pattern, words in LIKENESSES if any(re.fullmatch(pattern, name) for name in names)), None)
