"""The network's view of a block of frames: what goes in, and what its output means.

F frames of one clip are nearly the same picture, each with its own noise, so their mean is that
picture with less noise than each frame has: at level s it is what one picture would be at level

    s' = s / (sqrt(F) - (sqrt(F) - 1) s).

The image creator's U-Net is therefore told 1000 s' and shown the frames scaled as a picture at
that level; with its first layer divided among the frames and its last repeated for each, it draws
the same good picture F times before it has learnt anything of motion. For the differences between
frames the network says what is clean rather than what is noise: noise differs in every frame and
would not fit through its width, clean frames hardly differ.
"""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor

from generation.core.conditioning import Conditions
from generation.core.pipelines import use_plain_attention
from generation.core.video.conditioning import Neighbours, context_channels

# Frames of a clip differ from their mean by about this much in latents.
DIFFERENCE_SCALE = 0.5
# A block's mean differs from the frame beside it by about this much.
MOVEMENT = 0.6
# Pure noise says nothing of the picture; one part in ten thousand keeps the formulas finite.
SMALLEST_CLEAR = 1e-4
# Layers of the image creator that change shape in the video creator.
_RESHAPED = ("conv_in.weight", "conv_out.weight", "conv_out.bias")


def picture_level(level: Tensor, frames: int) -> Tensor:
    """Return the noise level s' of the mean of `frames` frames at level s."""
    root = frames**0.5
    return level / (root - (root - 1) * level)


def frame_level(level: Tensor, frames: int) -> Tensor:
    """Return the level s of frames whose mean is at level s': the inverse of `picture_level`."""
    root = frames**0.5
    return root * level / (1 + (root - 1) * level)


def predict_clean(
    unet: UNet2DConditionModel,
    noisy: Tensor,
    level: Tensor,
    neighbours: Neighbours,
    conditions: Conditions,
) -> Tensor:
    """Return the clean frames (B, F, C, h, w) that the network sees in `noisy` (B, F, C, h, w).

    level (B,): s in x_s = (1 - s) clean + s noise. A frame beside the block is one more sight of
    the same picture, off by the movement between: it is weighed in by its precision, so that the
    network need only say what moves.
    """
    batch, frames = noisy.shape[:2]
    channels, height, width = noisy.shape[2:]
    beside, known = neighbours.nearest(batch, (channels, height, width))
    clear = (1 - level).clamp(min=SMALLEST_CLEAR)
    own_precision = frames * (clear / level).square()  # of the frames' mean, as clean + r noise
    precision = own_precision + known / MOVEMENT**2
    own = 1 / (1 + precision.sqrt())  # r / (1 + r) with r = precision ** -0.5
    share = own_precision / precision / clear
    seen = noisy * _wide(share) + beside[:, None] * _wide(known / MOVEMENT**2 / precision)
    seen = seen * _wide(1 - own)
    context = neighbours.as_channels(batch, (channels, height, width))
    answer = unet(
        torch.cat([seen.flatten(1, 2), context], dim=1),
        own * 1000,
        conditions.tokens,
        class_labels=conditions.vector,
        return_dict=False,
    )[0].unflatten(1, (frames, -1))
    answer = answer.float()
    mean = answer.mean(dim=1, keepdim=True)
    picture = seen.mean(dim=1, keepdim=True) - _wide(own) * mean
    return picture - DIFFERENCE_SCALE * (answer - mean)


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None, None]


def unet_from_picture(picture: UNet2DConditionModel, frames: int) -> UNet2DConditionModel:
    """Return the video creator's U-Net, which at first draws the image creator's picture."""
    channels = picture.config.in_channels
    settings = {
        **picture.config,
        "in_channels": channels * frames + context_channels(channels),
        "out_channels": channels * frames,
    }
    settings.pop("_name_or_path", None)
    unet = UNet2DConditionModel.from_config(settings)
    weights = {k: v for k, v in picture.state_dict().items() if k not in _RESHAPED}
    missing, unexpected = unet.load_state_dict(weights, strict=False)
    if unexpected or set(missing) != set(_RESHAPED):
        raise ValueError(f"the image creator's U-Net does not fit: {missing} {unexpected}")
    with torch.no_grad():
        first = unet.conv_in.weight
        first.zero_()
        # The bias stays as it came: the first layer's sum over the frames is that of one picture.
        spread = picture.conv_in.weight.repeat(1, frames, 1, 1) / frames
        first[:, : channels * frames] = spread
        unet.conv_out.weight.copy_(picture.conv_out.weight.repeat(frames, 1, 1, 1))
        unet.conv_out.bias.copy_(picture.conv_out.bias.repeat(frames))
    use_plain_attention(unet)
    return unet


def video_scheduler(frames: int) -> DPMSolverMultistepScheduler:
    """Return DPM-Solver++ (2M) whose steps are those of the image creator, told for frames."""
    return DPMSolverMultistepScheduler(
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=frames**0.5,
        solver_order=2,
        algorithm_type="dpmsolver++",
    )
