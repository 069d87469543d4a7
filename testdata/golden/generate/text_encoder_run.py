"""Makes the pack `golden/train/sd1-dora-text`: `"$(testdata/interop/install)/bin/python"
testdata/golden/generate/text_encoder_run.py`.

LyCORIS trains a DoRA on the UNet and the text encoder of `sd1-pipeline` at once, each at a rate of its own, with
v-prediction, two batches a step, and the state before the encoder's last layer (clip skip 2). The format is that of the
other packs, in their README.
"""

import json
import pathlib
import platform

import diffusers
import lycoris
import torch
import transformers
from importlib.metadata import version
from lycoris.kohya import create_network
from safetensors.torch import save_file

PACK = pathlib.Path(__file__).resolve().parent.parent / "train" / "sd1-dora-text"
BASE = PACK.parent / "sd1-pipeline"
STEPS, ACCUMULATE, BATCH = 6, 2, 2
RATES = {"text_encoder": 5e-4, "unet": 1e-3}
GAMMA, CLIP, DECAY = 5.0, 1.0, 0.01
CAPTIONS = ["a cat", "a photo of an astronaut", "coffee, cup, table", ""]


def main():
    torch.manual_seed(20261126)
    torch.set_num_threads(1)
    unet = diffusers.UNet2DConditionModel.from_pretrained(BASE / "unet").requires_grad_(False)
    encoder = transformers.CLIPTextModel.from_pretrained(BASE / "text_encoder").requires_grad_(False)
    tokenizer = transformers.CLIPTokenizer.from_pretrained(BASE / "tokenizer")
    network = create_network(
        1.0, 4, 2.0, None, encoder, unet, preset="attn-mlp", algo="lora", dora_wd=True, wd_on_output=True
    )
    network.apply_to(encoder, unet, True, True)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "lora_up" in name:
                parameter.normal_(std=0.02)
    network.train()
    PACK.mkdir(exist_ok=True)
    network.save_weights(str(PACK / "initial_adapter.safetensors"), torch.float32, {})

    text = [p for n, p in network.named_parameters() if n.startswith("lora_te")]
    other = [p for n, p in network.named_parameters() if n.startswith("lora_unet")]
    optimizer = torch.optim.AdamW(
        [{"params": text, "lr": RATES["text_encoder"]}, {"params": other, "lr": RATES["unet"]}],
        betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY,
    )
    scheduler = diffusers.DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction"
    )
    products = scheduler.alphas_cumprod

    def context(ids):
        states = encoder(ids, output_hidden_states=True).hidden_states[-2]
        return final_norm(encoder)(states)

    def predict(batch):
        noisy = scheduler.add_noise(batch["latents"], batch["noise"], batch["timesteps"])
        return noisy, unet(noisy, batch["timesteps"], context(batch["input_ids"])).sample

    inputs, expected, losses, norms = {}, {}, [], []
    batches = []
    for number in range(STEPS * ACCUMULATE):
        captions = [CAPTIONS[(number + i) % len(CAPTIONS)] for i in range(BATCH)]
        ids = tokenizer(captions, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
        timesteps = torch.randint(0, 1000, (BATCH,))
        batches.append({
            "latents": torch.randn(BATCH, 4, 8, 16), "noise": torch.randn(BATCH, 4, 8, 16),
            "timesteps": timesteps, "input_ids": ids,
        })
        for what, tensor in batches[-1].items():
            inputs[f"step.{number + 1}.{what}"] = tensor.clone()
    with torch.no_grad():
        noisy, sample = predict(batches[0])
        expected["noisy.1"], expected["act.sample"] = noisy.clone(), sample.clone()
    for step in range(STEPS):
        sum_of_losses = 0.0
        for batch in batches[step * ACCUMULATE:(step + 1) * ACCUMULATE]:
            _, predicted = predict(batch)
            target = scheduler.get_velocity(batch["latents"], batch["noise"], batch["timesteps"])
            snr = products[batch["timesteps"]] / (1 - products[batch["timesteps"]])
            weight = snr.clamp(max=GAMMA) / (snr + 1)
            loss = ((predicted - target).square().mean([1, 2, 3]) * weight).mean() / ACCUMULATE
            loss.backward()
            sum_of_losses += loss.item()
        if step < 2:
            # The encoder's last layer is never run: it has no gradient, and AdamW leaves it as it is.
            learned = [(n, p) for n, p in network.named_parameters() if p.grad is not None]
            for name, parameter in learned:
                expected[f"grad.{step + 1}.{name}"] = parameter.grad.clone()
        losses.append(sum_of_losses)
        norms.append(torch.nn.utils.clip_grad_norm_(text + other, CLIP).item())
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        expected["act_final.sample"] = predict(batches[0])[1].clone()
    expected["loss"] = torch.tensor(losses, dtype=torch.float64)
    expected["grad_norm"] = torch.tensor(norms, dtype=torch.float64)
    expected["lr"] = torch.tensor([[RATES["text_encoder"], RATES["unet"]]] * STEPS, dtype=torch.float64)
    network.save_weights(str(PACK / "final_adapter.safetensors"), torch.float32, {})
    save_file(inputs, PACK / "inputs.safetensors")
    save_file(expected, PACK / "expected.safetensors")
    (PACK / "pack.json").write_text(json.dumps(description(losses), indent=1) + "\n")


def final_norm(encoder):
    return getattr(encoder, "text_model", encoder).final_layer_norm


def description(losses):
    return {
        "name": PACK.name,
        "kind": "diffusion",
        "purpose": "DoRA on the UNet and the text encoder at once, v-prediction, two batches a step, clip skip 2.",
        "made_with": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "transformers", "diffusers", "lycoris_lora")},
        },
        "base": "../sd1-pipeline",
        "dtype": "f32",
        "adapter": {
            "algorithm": "lora + dora", "peer": "LyCORIS", "preset": "attn-mlp", "network_dim": 4,
            "network_alpha": 2.0, "dora_axis": "out", "norm_gradient": "full",
            "dora_norm_eps": torch.finfo(torch.float32).eps,
        },
        "training": {
            "steps": STEPS, "accumulate": ACCUMULATE, "batch": BATCH, "lr": RATES["unet"],
            "te_lr": RATES["text_encoder"], "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": DECAY,
            "clip_grad_norm": CLIP, "prediction_type": "v_prediction", "min_snr_gamma": GAMMA,
            "trained": ["text_encoder", "unet"],
            "text_state": "hidden_states[-2] after final_layer_norm",
        },
        "facts": {"loss_first": losses[0], "loss_last": losses[-1]},
        "tolerances": {
            "loss_abs_step1": 2e-6, "loss_abs": 2e-5, "grad_norm_rel": 1e-5, "grad_step1_rel_norm": 1e-5,
            "grad_step2_rel_norm": 1e-4, "final_rel_norm_per_kind": 3e-4, "final_max_abs": 3e-4,
            "activation_max_abs": 2e-5, "final_activation_max_abs": 5e-5,
        },
    }


if __name__ == "__main__":
    main()
