package radiata.train.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import radiata.names.Family;
import radiata.names.Role;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.ClipText;
import radiata.train.model.DiffusionModel;
import radiata.train.model.Texts;
import radiata.train.text.ClipTokenizer;
import radiata.train.text.TextEncoding;

/// The tokenizers and text encoders of a pack.
final class TextReplay implements AutoCloseable {
  private final Pack pack;
  private final DiffusionModel model;
  private final Given given;
  private final Torch torch;
  private final Comparison comparison;
  private final double tolerance;
  private final List<ClipTokenizer> tokenizers = new ArrayList<>();
  private final List<ClipText> encoders = new ArrayList<>();

  TextReplay(Pack pack, DiffusionModel model, Given given, Torch torch, Comparison comparison)
      throws IOException {
    this.pack = pack;
    this.model = model;
    this.given = given;
    this.torch = torch;
    this.comparison = comparison;
    this.tolerance = pack.tolerance("text_encoder_max_abs").orElse(PipelineReplay.FORWARD);
    Path folder = pack.base();
    List<Role> roles = model.textEncoders();
    for (int i = 0; i < roles.size(); i++) {
      Path own = folder.resolve(i == 0 ? "tokenizer" : "tokenizer_" + (i + 1));
      if (model.has(roles.get(i)) && Files.isDirectory(own)) {
        tokenizers.add(ClipTokenizer.open(own));
        encoders.add(model.text(roles.get(i), pack.dtype()));
      }
    }
  }

  /// Compares what a pack of training records of its texts, which few do.
  static void run(Pack pack, DiffusionModel model, Given given, Torch torch, Comparison comparison)
      throws IOException {
    if (!pack.texts("prompts").isEmpty()) {
      try (TextReplay texts = new TextReplay(pack, model, given, torch, comparison)) {
        texts.all();
      }
    }
  }

  void all() {
    tokenizers();
    encoders();
    prompts();
  }

  private long[] ids(int encoder, String text) {
    Family family = model.family();
    boolean openClip = family == Family.SD2 || encoder > 0;
    ClipTokenizer tokenizer = tokenizers.get(encoder);
    return tokenizer.ids(text, encoders.get(encoder).length(), tokenizer.pad(openClip));
  }

  /// The numbers of every prompt; the deviation is how many are others.
  private void tokenizers() {
    List<String> prompts = pack.texts("prompts");
    for (int i = 0; i < tokenizers.size(); i++) {
      for (String record : List.of("tokenizer.input_ids", "tokenizer_" + (i + 1) + ".input_ids")) {
        if (!comparison.has(record)) {
          continue;
        }
        try (Scope _ = Scope.open()) {
          long[] expected = comparison.wholeRecord(record);
          int length = encoders.get(i).length();
          int wrong = Math.abs(expected.length - prompts.size() * length);
          for (int row = 0; wrong == 0 && row < prompts.size(); row++) {
            long[] ids = ids(i, prompts.get(row));
            for (int j = 0; j < length; j++) {
              wrong += ids[j] == expected[row * length + j] ? 0 : 1;
            }
          }
          comparison.add(record, wrong, 0);
        }
      }
    }
  }

  /// Every state of every encoder, of recorded numbers.
  private void encoders() {
    for (int i = 0; i < encoders.size(); i++) {
      for (String name : List.of("text_encoder", "text_encoder_" + (i + 1))) {
        boolean own = i == 0 || !name.equals("text_encoder");
        if (own && given.has(name + ".input_ids")) {
          try (Scope _ = Scope.open()) {
            encoder(encoders.get(i), name + ".");
          }
        }
      }
    }
  }

  private void encoder(ClipText encoder, String name) {
    ClipText.States states = encoder.forward(given.tensor(name + "input_ids"), Segments.PLAIN);
    for (int i = 0; i < states.hidden().size(); i++) {
      comparison.tensor(name + "hidden_states." + i, states.hidden().get(i), tolerance);
    }
    comparison.tensor(name + "last_hidden_state", states.last(), tolerance);
    comparison.tensor(name + "pooler_output", states.pooled(), tolerance);
    if (states.projected() != null) {
      comparison.tensor(name + "text_embeds", states.projected(), tolerance);
    }
  }

  /// What the UNet is given of single prompts.
  private void prompts() {
    List<String> prompts = pack.texts("prompts");
    int first = comparison.records().stream().anyMatch(name -> name.startsWith("prompt0.")) ? 0 : 1;
    for (int i = 0; i < prompts.size(); i++) {
      String record = "prompt" + (i + first) + ".";
      if (comparison.records().stream().anyMatch(name -> name.startsWith(record))) {
        try (Scope _ = Scope.open()) {
          Texts texts = encode(prompts.get(i));
          comparison.tensor(record + "encoder_hidden_states", texts.context(), tolerance);
          if (texts.pooled() != null) {
            comparison.tensor(record + "text_embeds", texts.pooled(), tolerance);
          }
        }
      }
    }
  }

  boolean complete() {
    return encoders.size() == model.textEncoders().size();
  }

  double tolerance() {
    return tolerance;
  }

  /// A text as the UNet is given it.
  Texts encode(String text) {
    List<List<Tensor>> ids = new ArrayList<>();
    for (int i = 0; i < encoders.size(); i++) {
      long[] row = ids(i, text);
      ids.add(List.of(torch.of(row, 1, row.length)));
    }
    return new TextEncoding(model.family(), encoders, 1).encode(ids, Segments.PLAIN);
  }

  @Override
  public void close() {
    tokenizers.forEach(ClipTokenizer::close);
  }
}
