package radiata.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.train.adapter.Continued;
import radiata.train.config.ImageSection;
import radiata.train.config.OutputSection.Dialect;
import radiata.train.config.TextSection;
import radiata.train.config.TrainConfig;
import radiata.train.engine.Device;
import radiata.train.engine.Gradients;
import radiata.train.engine.Outlook;
import radiata.train.engine.Scope;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;

/// Trains an adapter as a config says.
public final class Training {
  private Training() {}

  /// Trains from the first step to the last.
  ///
  /// @param resume whether to go on from the state that an earlier run left
  /// @param date what the outputs say of when; without it nothing tells a time
  /// @throws TrainingException if the run cannot go on; what was learned until then is kept
  /// @throws radiata.train.nn.NetworkException if the model is not one that is trained
  /// @throws radiata.train.data.DataException if there is something wrong with the pictures
  /// @throws radiata.train.text.TextException if there is something wrong with the text
  public static void run(
      TrainConfig asked, boolean resume, Optional<String> date, RunListener listener)
      throws IOException {
    TrainConfig config = continued(asked, listener);
    Torch torch = Torch.on(device(config));
    if (config.model().threads() > 0) {
      Torch.threads(config.model().threads());
    }
    config.notes().forEach(listener::note);
    try (Checkpoint base = Checkpoint.open(config.model().path(), Limits.DEFAULT);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      Room.require(config, base);
      try (Task task =
          switch (config.data()) {
            case ImageSection images -> DiffusionSetup.task(config, images, base, torch, listener);
            case TextSection text -> LanguageSetup.task(config, text, base, torch);
          }) {
        RunOutputs outputs =
            new RunOutputs(
                config.output(),
                Origins.provenance(config, base),
                Origins.identity(config, base, task),
                date);
        new TrainingRun(config, task, torch, outputs, listener).run(resume);
      }
    } catch (RuntimeException e) {
      throw Torch.explained(e);
    }
  }

  /// An adapter that is continued is what its file says, whatever the config has for new ones.
  private static TrainConfig continued(TrainConfig config, RunListener listener)
      throws IOException {
    if (config.adapter().from().isEmpty()) {
      return config;
    }
    Path path = config.adapter().from().get();
    Continued file = Continued.read(path);
    if (file.peft() != (config.output().dialect() == Dialect.PEFT)) {
      throw new NetworkException(
          "%s has %s names of PEFT, and dialect is %s; set dialect to what the file has, or convert it first"
              .formatted(path, file.peft() ? "the" : "not the", config.output().dialect()));
    }
    if (file.textEncoder() && !config.adapter().textEncoder()) {
      listener.note(path + " has modules of a text encoder; they are trained too");
    }
    return config.with(config.adapter().of(file));
  }

  private static Device device(TrainConfig config) throws IOException {
    String name = config.model().device();
    return name.equals("auto") ? Outlook.here().device() : Device.named(name);
  }
}
