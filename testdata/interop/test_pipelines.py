"""Adapters of whole pipelines: what diffusers saves is read, and it reads what Radiata writes."""

import functools
import json

import pytest
import torch
from diffusers import FluxPipeline
from peft import LoraConfig
from safetensors.torch import save_file

import lyco
import pipelines
import radiata

UNET = ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "proj_in", "conv1", "time_emb_proj", "conv_in"]
TEXT = ["q_proj", "v_proj", "out_proj", "fc1"]
FLUX = [
    "to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out", "ff.net.0.proj",
    "ff.net.2", "ff_context.net.2", "norm1.linear", "norm.linear", "proj_mlp", "proj_out", "x_embedder",
    "context_embedder", "norm_out.linear", "time_text_embed.timestep_embedder.linear_1",
]  # fmt: skip


def lora(targets, rank=4, alpha=2, **more):
    return LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, **more)


CONFIGS = {
    "sd1": {"unet": lora(UNET), "text_encoder": lora(TEXT, 2, 3)},
    "sdxl": {"unet": lora(UNET), "text_encoder": lora(TEXT, 2, 3), "text_encoder_2": lora(TEXT, 3, 3)},
    "flux": {"transformer": lora(FLUX, rank_pattern={"^proj_out": 2}, alpha_pattern={"^proj_out": 3})},
    "sd3": {"transformer": lora(["to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "ff.net.2", "norm1.linear", "proj_out"])},
}


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    @functools.cache
    def of(name):
        torch.manual_seed(11)
        return getattr(pipelines, name)().save(tmp_path_factory.mktemp(name))

    return of


@pytest.fixture(scope="session")
def trained(small, tmp_path_factory):
    """A pipeline, a file that diffusers saved of it, and the weights it works with."""

    @functools.cache
    def of(name, dora=False):
        torch.manual_seed(13)
        pipeline = small(name)
        configs = CONFIGS[name]
        if dora:
            configs = {part: lora(list(config.target_modules), 4, 2, use_dora=True) for part, config in configs.items()}
        models = pipeline.add(configs)
        file = pipeline.save_adapters(models, tmp_path_factory.mktemp(name))
        return pipeline, file, pipelines.of(models)

    return of


@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
@pytest.mark.parametrize("name", CONFIGS)
def test_saved_by_diffusers_baked_and_loaded_again(name, dora, trained, tmp_path):
    pipeline, file, want = trained(name, dora)
    adapter = radiata.inspect(file)["adapter"]
    assert (adapter["dialect"], adapter["writer"], adapter["unrecognised"]) == ("diffusers", "diffusers", [])
    assert {each["dora"] for each in adapter["modules"]} == {"output" if dora else "none"}
    radiata.bake(pipeline.folder, file, tmp_path / "baked", "peft")
    radiata.close(pipelines.stored(tmp_path / "baked"), want)


@pytest.mark.parametrize("name", CONFIGS)
def test_saved_without_settings_has_scale_one(name, small, tmp_path):
    torch.manual_seed(17)
    pipeline = small(name)
    models = pipeline.add({part: lora(config.target_modules, 4, 4) for part, config in CONFIGS[name].items()})
    file = pipeline.save_adapters(models, tmp_path / "adapter", metadata=False)
    radiata.bake(pipeline.folder, file, tmp_path / "baked", "peft")
    radiata.close(pipelines.stored(tmp_path / "baked"), pipelines.of(models))


# diffusers reads the names of these programs.
READS = [
    ("sd1", "kohya"), ("sd1", "kohya-diffusers"), ("sd1", "diffusers"), ("sd1", "aitoolkit"),
    ("sdxl", "kohya"), ("sdxl", "kohya-diffusers"), ("sdxl", "diffusers"), ("sdxl", "aitoolkit"),
    ("flux", "diffusers"), ("flux", "aitoolkit"),
    ("sd3", "diffusers"), ("sd3", "aitoolkit"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dialect"), READS)
def test_converted_lora_loads_in_diffusers(name, dialect, trained, tmp_path):
    pipeline, file, want = trained(name)
    out = tmp_path / "out.safetensors"
    more = ["--dtype", "fp32"] if dialect in ("aitoolkit", "kohya") else []
    radiata.convert(file, dialect, out, pipeline.folder, *more)
    radiata.close(pipeline.weights(out), want)


@pytest.mark.parametrize("name", CONFIGS)
def test_dora_there_and_back_loads_in_diffusers(name, trained, tmp_path):
    """By way of names and keys that are not those of diffusers.

    The denoiser alone: transformers 5.23 loads no magnitude into a text encoder, of diffusers' own files neither.
    """
    pipeline, file, want = trained(name, True)
    between = radiata.convert(file, "kohya", tmp_path / "between.safetensors", pipeline.folder)
    out = radiata.convert(between, "diffusers", tmp_path / "out.safetensors", pipeline.folder)
    radiata.close(denoiser(pipeline.weights(out)), denoiser(want))


def denoiser(weights):
    return {name: tensor for name, tensor in weights.items() if not name.startswith("text_encoder")}


def named_as_kohya(encoder):
    """CLIP under the level that its modules have in kohya's names, and had before transformers 5."""
    level = torch.nn.Module()
    level.text_model = encoder if not hasattr(encoder, "text_model") else encoder.text_model
    return level


@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
@pytest.mark.parametrize(("name", "dialect"), [("sd1", "kohya"), ("sdxl", "kohya-diffusers")])
def test_converted_loads_in_lycoris(name, dialect, dora, trained, tmp_path):
    """LyCORIS on the trees of diffusers: text encoders beside the UNet."""
    pipeline, file, want = trained(name, dora)
    out = radiata.convert(file, dialect, tmp_path / "out.safetensors", pipeline.folder)
    models = pipeline.again()
    encoders = [named_as_kohya(model) for part, model in models.items() if part.startswith("text")]
    tensors = {part: dict(model.state_dict()) for part, model in models.items()}
    _, loras = lyco.load(out, models["unet"], encoders if len(encoders) > 1 else encoders[0], kohya=True)
    for lora in loras:
        lora.apply_to()
    got = {}
    for part, model in models.items():
        own = [lora for lora in loras if any(lora.org_module[0] is each for each in model.modules())]
        got |= {f"{part}/{key}": tensor for key, tensor in lyco.under(own, model, tensors[part]).items()}
    radiata.close(got, want, atol=4e-6)


def test_a_peft_folder_holds_one_model(trained, tmp_path):
    pipeline, file, _ = trained("sd1")
    assert "text encoders" in radiata.refused(file, "peft", tmp_path / "peft", pipeline.folder)


def test_flux_of_sd_scripts_in_its_own_width(tmp_path):
    """diffusers takes the rows of q, k, v and MLP apart at the widths of the real model only."""
    width, rank, alpha = 3072, 4, 3
    single, double = "transformer.single_transformer_blocks.1", "transformer.transformer_blocks.0"
    outputs = {
        f"{single}.attn.to_q": width, f"{single}.attn.to_k": width, f"{single}.attn.to_v": width,
        f"{single}.proj_mlp": 4 * width, f"{double}.attn.to_q": width, f"{double}.attn.to_k": width,
        f"{double}.attn.to_v": width, f"{double}.attn.add_q_proj": width, f"{double}.attn.add_k_proj": width,
        f"{double}.attn.add_v_proj": width, f"{double}.ff.net.0.proj": 4 * width, f"{double}.norm1.linear": 6 * width,
    }  # fmt: skip
    factors = {}
    for path, out in outputs.items():
        factors[f"{path}.lora_A.weight"] = torch.randn(rank, width)
        factors[f"{path}.lora_B.weight"] = torch.randn(out, rank)
    source = tmp_path / "source.safetensors"
    settings = {"transformer.r": rank, "transformer.lora_alpha": alpha}
    save_file(factors, source, metadata={"lora_adapter_metadata": json.dumps(settings)})

    out = radiata.convert(source, "kohya", tmp_path / "kohya.safetensors")
    state, alphas = FluxPipeline.lora_state_dict(out, return_alphas=True)
    assert not alphas and {key.rsplit(".lora_", 1)[0] for key in state} == set(outputs)
    for path in outputs:
        probe = torch.randn(width, dtype=torch.float64)
        want = factors[f"{path}.lora_B.weight"].double() @ (factors[f"{path}.lora_A.weight"].double() @ probe)
        got = state[f"{path}.lora_B.weight"].double() @ (state[f"{path}.lora_A.weight"].double() @ probe)
        torch.testing.assert_close(got, want * alpha / rank, rtol=1e-5, atol=1e-4)
