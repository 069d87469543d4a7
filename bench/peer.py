"""Makes training steps one by one, as a line on its standard input asks for each, and answers with the
seconds of the clock, those of the processor, and the loss; Trainer.java does the same with Radiata.

Its arguments: unet or llama, the file, the adapter, the side of the latents or the number of tokens, threads.
"""

import contextlib
import sys
import time
import warnings

import torch
from safetensors.torch import load_file

RANK = 16


def wave(step, *shape):
    n = torch.Size(shape).numel()
    return torch.sin(step * torch.arange(n, dtype=torch.float64)).to(torch.float32).reshape(shape)


def loaded(model, file):
    """Over the mapped file, as frugal as it gets."""
    model.load_state_dict(load_file(file), assign=True)
    return model.requires_grad_(False)


def unet(file, how, size):
    from diffusers import UNet2DConditionModel
    from lycoris import LycorisNetwork, create_lycoris

    with torch.device("meta"):
        model = UNet2DConditionModel(cross_attention_dim=768)
    loaded(model, file)
    LycorisNetwork.apply_preset({"enable_conv": False, "target_module": ["Transformer2DModel"]})
    network = create_lycoris(
        model, linear_dim=RANK, linear_alpha=RANK, dora_wd=how == "dora", bypass_mode=how == "bypass"
    )
    network.apply_to()
    sample, noise = wave(0.3, 1, 4, size, size), wave(0.7, 1, 4, size, size)
    context, timestep = wave(0.1, 1, 77, 768), torch.tensor([500])

    def loss():
        return torch.nn.functional.mse_loss(model(sample, timestep, context, return_dict=False)[0], noise)

    return [each for each in network.parameters() if each.requires_grad], loss


def llama(file, how, tokens):
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=512, num_hidden_layers=8, vocab_size=8192, num_attention_heads=8, num_key_value_heads=4,
        intermediate_size=1408, rms_norm_eps=1e-6, use_cache=False,
    )  # fmt: skip
    model = loaded(LlamaForCausalLM(config), file).train()
    model = get_peft_model(
        model, LoraConfig(r=RANK, lora_alpha=RANK, target_modules="all-linear", use_dora=how == "dora")
    )
    ids = ((torch.arange(tokens) * 7919 + 13) % 8192)[None]

    def loss():
        return model(input_ids=ids, labels=ids).loss

    return [each for each in model.parameters() if each.requires_grad], loss


def main():
    warnings.simplefilter("ignore")
    kind, file, how, size, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    # Standard output is for the answers.
    with contextlib.redirect_stdout(sys.stderr):
        parameters, loss = {"unet": unet, "llama": llama}[kind](file, how, int(size))
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)
    print("ready", sum(each.numel() for each in parameters), flush=True)
    for _ in sys.stdin:
        start, worked = time.perf_counter(), time.process_time()
        now = loss()
        value = now.item()
        now.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        print(time.perf_counter() - start, time.process_time() - worked, value, flush=True)


main()
