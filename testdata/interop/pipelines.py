"""Small models in the shape of those that diffusers runs, as a folder, and diffusers' own loading of adapters."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers import (
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from hf_diffusers import fused
from peft import get_peft_model_state_dict
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection


@dataclass
class Small:
    """A pipeline's components by the names of their folders."""

    pipeline: type
    components: dict
    folder: Path = field(default=None)

    def save(self, folder):
        index = {"_class_name": self.pipeline.__name__}
        for name, model in self.components.items():
            model.save_pretrained(folder / name)
            index[name] = [type(model).__module__.split(".")[0], type(model).__name__]
        (folder / "model_index.json").write_text(json.dumps(index))
        self.folder = folder
        return self

    def again(self):
        """The components as they were saved."""
        return {name: type(model).from_pretrained(self.folder / name) for name, model in self.components.items()}

    def add(self, configs):
        """Adapters as training might leave them, and the components that have them."""
        models = self.again()
        for name, config in configs.items():
            models[name].add_adapter(config)
            randomise(models[name])
        return models

    def save_adapters(self, models, folder, metadata=True):
        options = {}
        for name, model in models.items():
            if hasattr(model, "peft_config"):
                options[f"{name}_lora_layers"] = get_peft_model_state_dict(model, adapter_name="default")
                if metadata:
                    options[f"{name}_lora_adapter_metadata"] = model.peft_config["default"].to_dict()
        self.pipeline.save_lora_weights(folder, **options)
        return folder / "pytorch_lora_weights.safetensors"

    def weights(self, file):
        """The weights of all components under an adapter file, as `component/tensor`."""
        models = self.again()
        denoiser = "unet" if "unet" in models else "transformer"
        state, alphas, metadata = self.state(file, models[denoiser])
        if denoiser == "unet":
            self.pipeline.load_lora_into_unet(state, alphas, models["unet"], metadata=metadata)
        elif self.pipeline is FluxPipeline:
            self.pipeline.load_lora_into_transformer(state, alphas, models["transformer"], metadata=metadata)
        else:
            self.pipeline.load_lora_into_transformer(state, models["transformer"], metadata=metadata)
        for name, model in models.items():
            if name.startswith("text_encoder") and any(key.startswith(name + ".") for key in state):
                self.pipeline.load_lora_into_text_encoder(state, alphas, model, prefix=name, metadata=metadata)
        return of(models)

    def state(self, file, denoiser):
        if self.pipeline is FluxPipeline:
            return self.pipeline.lora_state_dict(file, return_alphas=True, return_lora_metadata=True)
        if self.pipeline is StableDiffusion3Pipeline:
            state, metadata = self.pipeline.lora_state_dict(file, return_lora_metadata=True)
            return state, None, metadata
        return self.pipeline.lora_state_dict(file, return_lora_metadata=True, unet_config=denoiser.config)


def of(models):
    return {f"{name}/{key}": tensor for name, model in models.items() for key, tensor in fused(model).items()}


def stored(folder):
    """The tensors of a folder that Radiata wrote, as diffusers and transformers load them."""
    index = json.loads((folder / "model_index.json").read_text())
    kinds = {kind.__name__: kind for kind in KINDS}
    models = {
        name: kinds[entry[1]].from_pretrained(folder / name) for name, entry in index.items() if isinstance(entry, list)
    }
    return {
        f"{name}/{key}": tensor for name, model in models.items() for key, tensor in model.state_dict().items()
    }


KINDS = (UNet2DConditionModel, FluxTransformer2DModel, SD3Transformer2DModel, CLIPTextModel, CLIPTextModelWithProjection)


@torch.no_grad()
def randomise(model):
    for name, parameter in model.named_parameters():
        if "magnitude" in name:
            parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
        elif ".lora_" in name:
            parameter.copy_(0.2 * torch.randn_like(parameter))


def text_encoder(kind=CLIPTextModel):
    return kind(
        CLIPTextConfig(
            vocab_size=50, hidden_size=32, intermediate_size=48, projection_dim=32, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=8,
        )
    )


def sd1():
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(16, 16, 32, 32), layers_per_block=2, cross_attention_dim=768,
        attention_head_dim=4, norm_num_groups=8,
    )
    return Small(StableDiffusionPipeline, {"unet": unet, "text_encoder": text_encoder()})


def sdxl():
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(16, 32, 32), layers_per_block=2, cross_attention_dim=2048,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 3), attention_head_dim=(2, 4, 4), use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=80,
        norm_num_groups=8,
    )
    encoders = {"text_encoder": text_encoder(), "text_encoder_2": text_encoder(CLIPTextModelWithProjection)}
    return Small(StableDiffusionXLPipeline, {"unet": unet, **encoders})


def flux():
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=8, num_layers=2, num_single_layers=2, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=24, pooled_projection_dim=20, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )
    return Small(FluxPipeline, {"transformer": transformer})


def sd3():
    transformer = SD3Transformer2DModel(
        sample_size=8, patch_size=1, in_channels=8, num_layers=2, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=24, caption_projection_dim=32, pooled_projection_dim=20, out_channels=8,
        pos_embed_max_size=8,
    )
    return Small(StableDiffusion3Pipeline, {"transformer": transformer})
