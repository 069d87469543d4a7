package radiata.train.config;

/// A first config, with a word on what is worth changing: what `train --init` writes. It is read
/// without a mistake once its folders are there.
public final class StartingConfig {
  private StartingConfig() {}

  /// For Stable Diffusion.
  ///
  /// @param model its path, as the config will find it
  /// @param resolution the side of its pictures: 512 for SD1, 1024 for SDXL
  public static String images(String model, int resolution) {
    return """
    # Trains an adapter on pictures. Paths are relative to the folder of this file.

    [model]
    pretrained_model_name_or_path = %s
    # vae = "vae.safetensors"        # in place of the model's own
    # mixed_precision = "bf16"       # of the frozen weights, on a GPU; the adapter stays in float32
    # clip_skip = 2                  # SD1 models of the anime kind
    # prediction = "v"               # "epsilon" or "v"; else as the model says

    [data]
    train_data_dir = "pictures"      # holds folders {repeats}_{class tokens}, 10_photo for one
    # image_dir = "pictures"         # instead: one folder of pictures
    # dataset_config = "data.toml"   # instead: a dataset TOML of sd-scripts
    caption_extension = ".txt"       # each picture's caption lies beside it
    resolution = %d
    enable_bucket = true             # keep the shape of pictures that are not square
    max_bucket_reso = %d
    # flip_aug = true                # mirror images too
    # shuffle_caption = true         # tags in another order each time ...
    # keep_tokens = 1                # ... but for the first
    # caption_dropout_rate = 0.05

    [adapter]
    algorithm = "lora"               # lora, loha or lokr
    network_dim = 16                 # the rank
    network_alpha = 16               # its effect is scaled by alpha / rank
    # conv_dim = 8                   # 3x3 convolutions as well
    # conv_alpha = 8
    # dora = "output"                # train magnitudes apart
    text_encoder = false             # true trains its layers too
    # network_weights = "before.safetensors"   # goes on with an adapter

    [training]
    max_train_epochs = 10            # or max_train_steps
    train_batch_size = 1
    learning_rate = 1e-4
    lr_scheduler = "cosine"          # constant, constant_with_warmup, linear, cosine, cosine_with_restarts, polynomial
    lr_warmup_steps = 0.05           # a part of all steps, or their number
    # min_snr_gamma = 5
    # gradient_accumulation_steps = 4
    # gradient_checkpointing = true  # less memory, a third more time
    seed = 0

    [output]
    output_dir = "out"
    output_name = "adapter"
    save_every_n_epochs = 1
    keep_last = 3                    # of those; the last one always stays

    [samples]
    # sample_prompts = ["a photo of a cat", "a street at night --n blurry --d 7"]
    # sample_every_n_epochs = 1
    """
        .formatted(quoted(model), resolution, Math.max(1024, resolution * 2));
  }

  /// For a language model.
  ///
  /// @param model its folder, as the config will find it
  public static String language(String model) {
    return """
    # Trains an adapter on text. Paths are relative to the folder of this file.

    [model]
    pretrained_model_name_or_path = %s
    # mixed_precision = "bf16"       # of the frozen weights, on a GPU; the adapter stays in float32

    [data]
    train_file = "data.jsonl"        # {"prompt": "...", "completion": "..."} on every line
    # format = "text"                # plain text instead
    max_length = 512                 # tokens in a sample
    # packing = true                 # several samples in one row
    # train_on_prompt = true         # else only the completion counts

    [adapter]
    algorithm = "lora"
    network_dim = 8                  # the rank, r of PEFT
    network_alpha = 16               # lora_alpha of PEFT
    # dora = "output"                # train magnitudes apart
    # targets = ["*q_proj", "*v_proj"]   # else every linear layer of a block

    [training]
    max_train_epochs = 3             # or max_train_steps
    train_batch_size = 4
    learning_rate = 2e-4
    lr_scheduler = "linear"          # constant, constant_with_warmup, linear, cosine, cosine_with_restarts, polynomial
    lr_warmup_steps = 0.05           # a part of all steps, or their number
    # gradient_accumulation_steps = 4
    # gradient_checkpointing = true  # less memory, a third more time
    seed = 0

    [output]
    output_dir = "out"
    output_name = "adapter"
    save_every_n_epochs = 1
    keep_last = 3                    # of those; the last one always stays
    """
        .formatted(quoted(model));
  }

  /// As a TOML text.
  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
