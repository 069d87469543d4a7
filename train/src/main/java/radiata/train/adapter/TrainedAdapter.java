package radiata.train.adapter;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Profile;
import radiata.safetensors.DType;
import radiata.safetensors.TensorInfo;
import radiata.tensor.Algebra;
import radiata.train.engine.LinearMap;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Projection;
import radiata.train.nn.TensorReader;

/// An adapter whose tensors are trained: the leaves of the graph, by their keys in its file, and
/// the modules that are made of them.
public final class TrainedAdapter {
  private final List<TrainedModule> modules;
  private final SequencedMap<String, Tensor> parameters;
  private final SequencedMap<String, Double> alphas;

  /// @param parameters leaves, by key; every key that a module names is among them
  /// @param alphas numbers that stand in the file and are not trained, by key
  public TrainedAdapter(
      List<TrainedModule> modules, Map<String, Tensor> parameters, Map<String, Double> alphas) {
    this.modules = List.copyOf(modules);
    this.alphas = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(alphas));
    this.parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
  }

  /// An adapter read from a file, to go on from.
  ///
  /// @param paths of the layers, by the names that adapter files give them
  /// @throws NetworkException if the file has something that is no adapter of these layers, or that
  ///   is not trained
  public static TrainedAdapter read(
      Torch torch, AdapterFile file, Map<String, String> paths, DType dtype) throws IOException {
    requireWhole(file);
    TensorReader reader = new TensorReader(torch, file.file());
    List<TrainedModule> modules = new ArrayList<>();
    Map<String, Tensor> parameters = new TreeMap<>();
    Map<String, Double> alphas = new TreeMap<>();
    for (AdapterModule module : file.modules()) {
      String path = paths.get(module.name());
      if (path == null || module.bias()) {
        throw new NetworkException(
            "%s: module %s has no layer in this model to be trained on"
                .formatted(file.path(), module.name()));
      }
      Set<TensorInfo> left = new LinkedHashSet<>(module.tensors());
      modules.add(
          new TrainedModule(
              path, module.name(), module.adapter().map(TensorInfo::name), module.axis()));
      TensorInfo alpha = module.parts().get("alpha");
      if (alpha != null && module.alpha().isPresent()) {
        alphas.put(alpha.name(), module.alpha().getAsDouble());
        left.remove(alpha);
      }
      for (TensorInfo tensor : module.adapter().tensors()) {
        parameters.put(tensor.name(), reader.read(tensor).cast(dtype).trained());
        left.remove(tensor);
      }
      requireNone(file, left);
    }
    return new TrainedAdapter(modules, parameters, alphas);
  }

  /// What is trained is written again, so a file is only taken if nothing of it would be lost.
  private static void requireWhole(AdapterFile file) {
    file.unsupported().stream()
        .findFirst()
        .ifPresent(module -> {
          throw new NetworkException(
              "%s: module %s is %s, which is not trained"
                  .formatted(file.path(), module.name(), module.algorithm()));
        });
    file.misfits().stream()
        .findFirst()
        .ifPresent(module -> {
          throw new NetworkException(
              "%s: the factors of module %s do not multiply".formatted(file.path(), module.name()));
        });
    requireNone(file, file.unrecognised());
    requireNone(file, file.ignored());
  }

  private static void requireNone(AdapterFile file, Collection<TensorInfo> left) {
    left.stream()
        .findFirst()
        .ifPresent(tensor -> {
          throw new NetworkException(
              "%s: tensor %s is no part of what is trained, and would be lost; train on a file without it"
                  .formatted(file.path(), tensor.name()));
        });
  }

  public List<TrainedModule> modules() {
    return modules;
  }

  /// The trained tensors, by their keys in the file.
  public SequencedMap<String, Tensor> parameters() {
    return parameters;
  }

  /// A trained tensor by its key.
  public Tensor parameter(String key) {
    return Objects.requireNonNull(parameters.get(key), key);
  }

  /// Numbers that stand in the file and are not trained, by key.
  public SequencedMap<String, Double> alphas() {
    return alphas;
  }

  /// Puts every module on its layer.
  public void attach(Map<String, Projection> layers, Algebra<LinearMap> algebra, Profile profile) {
    for (TrainedModule module : modules) {
      Projection layer = layers.get(module.path());
      if (layer == null) {
        throw new NetworkException("the model has no layer " + module.path());
      }
      layer.adapt(
          module.adapter().map(key -> LinearMap.Dense.of(parameter(key))),
          algebra,
          profile,
          module.axis().orElse(null));
    }
  }
}
