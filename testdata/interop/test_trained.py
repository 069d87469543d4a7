"""Adapters that Radiata trained: the programs they are for load them and compute what Radiata's bake computes."""

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from transformers import AutoModelForCausalLM, CLIPTextModel

import hf_peft
import lyco
import radiata
from test_pipelines import named_as_kohya

GOLDEN = radiata.ROOT / "testdata" / "golden" / "train"
DIFFUSION = GOLDEN / "sd1-pipeline"
LANGUAGE = GOLDEN / "stories-dora" / "base"

# So that a few steps move the weights well beyond rounding.
IMAGES = f"""
pretrained_model_name_or_path = "{DIFFUSION}"
train_data_dir = "{DIFFUSION / "dataset"}"
caption_extension = ".txt"
resolution = 64
network_dim = 4
network_alpha = 3
learning_rate = 1e-2
threads = 1
max_train_steps = 3
output_dir = "."
output_name = "trained"
"""
CONVOLUTIONS = "conv_dim = 2\nconv_alpha = 1\n"
TEXT = f"""
pretrained_model_name_or_path = "{LANGUAGE}"
train_file = "text.txt"
max_length = 32
packing = true
network_dim = 4
network_alpha = 6
learning_rate = 1e-2
threads = 1
train_batch_size = 2
max_train_steps = 3
output_dir = "."
output_name = "trained"
dialect = "peft"
"""


def train(folder, config):
    """What a run leaves under the name of its config."""
    file = folder / "train.toml"
    file.write_text(config)
    radiata.ok("train", file, "-q")
    for path in (folder / "trained.safetensors", folder / "trained"):
        if path.exists():
            return path
    raise AssertionError(sorted(folder.iterdir()))


def unet(folder=DIFFUSION):
    return UNet2DConditionModel.from_pretrained(folder / "unet").eval()


@torch.no_grad()
def denoised(model):
    generator = torch.Generator().manual_seed(3)
    noisy = torch.randn(2, 4, 9, 13, generator=generator)
    text = torch.randn(2, 77, model.config.cross_attention_dim, generator=generator)
    return model(noisy, torch.tensor([17, 803]), text).sample


def same(got, want, before, tolerance=1e-5):
    """Equal but for rounding, and not because nothing was trained."""
    scale = want.abs().max()
    assert (want - before).abs().max() > 100 * tolerance * scale, "the adapter changes next to nothing"
    assert (got - want).abs().max() <= tolerance * scale, ((got - want).abs().max(), scale)


ADAPTERS = {
    "lora": CONVOLUTIONS,
    "dora-output": CONVOLUTIONS + 'dora = "output"\nnorm_gradient = "full"',
    "dora-input": CONVOLUTIONS + 'dora = "input"',
    "loha": CONVOLUTIONS + 'algorithm = "loha"',
    "lokr": CONVOLUTIONS + 'algorithm = "lokr"\nfactor = 4',
    "lokr-both": CONVOLUTIONS + 'algorithm = "lokr"\nfactor = 4\ndecompose_both = true\nnetwork_dim = 1',
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_lycoris_loads_what_was_trained(name, tmp_path):
    config = ADAPTERS[name]
    common = IMAGES.replace("network_dim = 4\n", "") if "network_dim" in config else IMAGES
    file = train(tmp_path, common + "text_encoder = false\n" + config)
    radiata.bake(DIFFUSION, file, tmp_path / "baked", "lycoris")
    want = unet(tmp_path / "baked")
    model = unet()
    before = denoised(model)
    _, loras = lyco.load(file, model, [], kohya=True)
    for lora in loras:
        lora.apply_to()
        lora.eval()
    same(denoised(model), denoised(want), before)


def test_a_trained_text_encoder_loads_in_lycoris(tmp_path):
    file = train(tmp_path, IMAGES + 'dora = "output"')
    radiata.bake(DIFFUSION, file, tmp_path / "baked", "lycoris")
    words = torch.randint(0, 900, (2, 77), generator=torch.Generator().manual_seed(5))
    encoder = CLIPTextModel.from_pretrained(DIFFUSION / "text_encoder").eval()
    baked = CLIPTextModel.from_pretrained(tmp_path / "baked" / "text_encoder").eval()
    with torch.no_grad():
        before = encoder(words).last_hidden_state
        want = baked(words).last_hidden_state
        _, loras = lyco.load(file, unet(), named_as_kohya(encoder), kohya=True)
        for lora in loras:
            lora.apply_to()
            lora.eval()
        same(encoder(words).last_hidden_state, want, before)


def test_diffusers_loads_what_was_trained(tmp_path):
    file = train(tmp_path, IMAGES + 'text_encoder = false\npreset = "attn-mlp"')
    radiata.bake(DIFFUSION, file, tmp_path / "baked", "exact")
    want = unet(tmp_path / "baked")
    model = unet()
    before = denoised(model)
    state, alphas = StableDiffusionPipeline.lora_state_dict(file, unet_config=model.config)
    StableDiffusionPipeline.load_lora_into_unet(state, alphas, model)
    same(denoised(model), denoised(want), before)


@pytest.mark.parametrize("more", ['targets = ["*q_proj", "*down_proj"]\n', 'dora = "output"\n'], ids=["lora", "dora"])
def test_peft_loads_what_was_trained(more, tmp_path):
    (tmp_path / "text.txt").write_text("Once upon a time there was a king, and he had a ship. " * 40)
    folder = train(tmp_path, TEXT + more)
    radiata.bake(LANGUAGE, folder, tmp_path / "baked", "peft")
    words = torch.randint(3, 500, (2, 24), generator=torch.Generator().manual_seed(7))
    model = AutoModelForCausalLM.from_pretrained(LANGUAGE, dtype=torch.float32).eval()
    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked", dtype=torch.float32).eval()
    with torch.no_grad():
        before = model(words).logits
        want = baked(words).logits
        same(hf_peft.load(model, folder).eval()(words).logits, want, before)
