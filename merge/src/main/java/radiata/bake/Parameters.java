package radiata.bake;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import radiata.adapter.Factor;
import radiata.adapter.Lora;
import radiata.adapter.file.AdapterModule;
import radiata.adapter.file.Wrapped;
import radiata.names.Located;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// Finds out for LoRA on parameters which parameter of its module each pair is for: keys do not
/// tell it, and shapes do. They tell the side of the inputs too, `[experts, out, in]` or `[experts,
/// in, out]`, unless a weight is square; PEFT then looks at the class of the model.
final class Parameters {
  /// Parameters of one module that are told apart; more would be no model.
  private static final int MOST = 6;

  /// Models whose code stores experts `[experts, in, out]` (transformers 5.23, `is_transposed`).
  private static final Set<String> TURNED =
      Set.of("gpt_oss", "aria", "aria_text", "openai_privacy_filter");

  private final Checkpoint base;
  private final NameTable names;
  private final List<AdapterModule> modules = new ArrayList<>();
  private final Map<AdapterModule, String> problems = new LinkedHashMap<>();

  /// A parameter of the base.
  private record Parameter(String name, Wrapped.Candidate candidate, Shape shape) {}

  /// Which parameter each pair is for, from the outermost wrapper on.
  private record Solution(List<Parameter> parameters, boolean turned) {}

  private Parameters(Checkpoint base, NameTable names) {
    this.base = base;
    this.names = names;
  }

  /// Looks at all modules of a file.
  static Parameters of(List<AdapterModule> all, Checkpoint base, NameTable names) {
    Parameters found = new Parameters(base, names);
    Map<String, List<AdapterModule>> wrapped = new LinkedHashMap<>();
    for (AdapterModule module : all) {
      if (module.wrapped().isPresent()) {
        wrapped
            .computeIfAbsent(module.wrapped().get().module(), key -> new ArrayList<>())
            .add(module);
      } else {
        found.modules.add(module);
      }
    }
    wrapped.values().forEach(found::resolve);
    return found;
  }

  /// Every module that has a parameter, or needs none; those without one in the base stay as they
  /// are, and find no place.
  List<AdapterModule> modules() {
    return modules;
  }

  /// The modules of which nothing tells what they are for, and why.
  Map<AdapterModule, String> problems() {
    return problems;
  }

  private void resolve(List<AdapterModule> pairs) {
    Map<Integer, AdapterModule> byDepth = new TreeMap<>();
    pairs.forEach(pair -> byDepth.put(pair.wrapped().orElseThrow().depth(), pair));
    Wrapped any = pairs.getFirst().wrapped().orElseThrow();
    List<Parameter> parameters = new ArrayList<>();
    any.candidates().forEach(candidate -> find(any, candidate).ifPresent(parameters::add));
    if (parameters.isEmpty()) {
      modules.addAll(pairs);
      return;
    }
    if (byDepth.size() != parameters.size() || parameters.size() > MOST) {
      pairs.forEach(pair ->
          problems.put(
              pair,
              "the file has %d pairs for %s, and the base %d of its parameters %s"
                  .formatted(
                      byDepth.size(), any.module(), parameters.size(), listed(any.candidates()))));
      return;
    }
    List<AdapterModule> inward = List.copyOf(byDepth.values());
    List<Solution> solutions = new ArrayList<>();
    for (boolean turned : new boolean[] {false, true}) {
      search(inward, parameters, new ArrayList<>(), turned, solutions);
    }
    Optional<Solution> one = one(solutions);
    if (one.isEmpty()) {
      String why = why(inward, parameters, solutions);
      inward.forEach(pair -> problems.put(pair, why));
      return;
    }
    for (int i = 0; i < inward.size(); i++) {
      modules.add(pair(inward.get(i), one.get().parameters().get(i), one.get().turned()));
    }
  }

  private static String listed(List<Wrapped.Candidate> candidates) {
    return String.join(", ", candidates.stream().map(Wrapped.Candidate::parameter).toList());
  }

  private Optional<Parameter> find(Wrapped wrapped, Wrapped.Candidate candidate) {
    String name =
        candidate.parameter().equals("weight")
            ? wrapped.module()
            : wrapped.module() + "." + candidate.parameter();
    return names
        .find(name)
        .filter(Located::whole)
        .flatMap(at -> base.tensor(at.weight().component(), at.weight().tensor()))
        .map(Stored::info)
        .map(info -> new Parameter(name, candidate, info.shape()));
  }

  /// Every way to give each pair a parameter of its own that it fits.
  private static void search(
      List<AdapterModule> pairs,
      List<Parameter> left,
      List<Parameter> given,
      boolean turned,
      List<Solution> into) {
    if (given.size() == pairs.size()) {
      boolean hasSides = given.stream().anyMatch(p -> p.shape().rank() == 3);
      if (hasSides || !turned) {
        into.add(new Solution(List.copyOf(given), turned));
      }
      return;
    }
    for (Parameter parameter : left) {
      if (rank(pairs.get(given.size()), parameter, turned).isPresent()) {
        List<Parameter> rest = new ArrayList<>(left);
        rest.remove(parameter);
        given.add(parameter);
        search(pairs, rest, given, turned, into);
        given.removeLast();
      }
    }
  }

  /// The rank of a pair were it for a parameter; empty if it does not fit.
  private static OptionalInt rank(AdapterModule pair, Parameter parameter, boolean turned) {
    List<TensorInfo> tensors = pair.adapter().tensors();
    Shape up = tensors.getFirst().shape();
    Shape down = tensors.getLast().shape();
    Shape weight = parameter.shape();
    if (weight.rank() < 2 || weight.rank() > 3 || up.rank() != 2 || down.rank() != 2) {
      return OptionalInt.empty();
    }
    boolean three = weight.rank() == 3;
    long experts = three ? weight.dim(0) : 1;
    long out = weight.dim(three ? (turned ? 2 : 1) : 0);
    long in = weight.dim(three ? (turned ? 1 : 2) : 1);
    boolean fits =
        experts > 0
            && up.dim(0) == out
            && down.dim(1) == in
            && down.dim(0) % experts == 0
            && up.dim(1) == down.dim(0);
    return fits ? OptionalInt.of(Math.toIntExact(down.dim(0) / experts)) : OptionalInt.empty();
  }

  /// The solution that shapes, or the class of the model where they are square, leave.
  private Optional<Solution> one(List<Solution> solutions) {
    if (solutions.size() == 1) {
      return Optional.of(solutions.getFirst());
    }
    Optional<String> type = ConfigJson.of(base).modelType();
    List<Solution> left =
        solutions.stream()
            .filter(each -> type.isPresent() && each.turned() == TURNED.contains(type.get()))
            .toList();
    return left.size() == 1 ? Optional.of(left.getFirst()) : Optional.empty();
  }

  private static String why(
      List<AdapterModule> pairs, List<Parameter> parameters, List<Solution> solutions) {
    String shapes =
        String.join(
            ", ",
            parameters.stream().map(p -> p.candidate().parameter() + " " + p.shape()).toList());
    if (solutions.isEmpty()) {
      List<String> made = pairs.stream().map(pair -> pair.madeFor().toString()).toList();
      return "its pairs give %s for every expert, and the parameters of the base are %s"
          .formatted(String.join(", ", made), shapes);
    }
    Set<List<Parameter>> assignments = new HashSet<>();
    solutions.forEach(each -> assignments.add(each.parameters()));
    return assignments.size() == 1
        ? "%s: such square weights do not tell the side of the inputs, and the class of the model does; give the model's folder with its config.json as the base"
            .formatted(shapes)
        : "%s: their shapes do not tell which of them each pair is for".formatted(shapes);
  }

  private static AdapterModule pair(AdapterModule pair, Parameter parameter, boolean turned) {
    Wrapped wrapped = pair.wrapped().orElseThrow();
    TensorInfo up = pair.adapter().tensors().getFirst();
    TensorInfo down = pair.adapter().tensors().getLast();
    int rank = rank(pair, parameter, turned).orElseThrow();
    Factor<TensorInfo> factor =
        parameter.shape().rank() == 3
            ? new Factor.Experts<>(up, down, parameter.shape().dim(0), turned)
            : new Factor.Split<>(up, down);
    return pair.of(
        parameter.name(),
        new Lora<>(factor, wrapped.scale(parameter.candidate(), Math.max(1, rank))),
        rank,
        parameter.candidate().alpha());
  }
}
