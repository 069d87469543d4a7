package radiata.names;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;

/// The modules of one base under every name that dialects give them.
public final class NameTable {
  private final Family family;
  private final FamilyRules rules;
  private final List<Wrapper> wrappers;
  private final IdentityHashMap<ModuleNames, Located> known;
  private final OwnNames own;
  private final List<Located> modules;
  private final List<Tie> ties;

  private NameTable(Family family, List<BaseTensor> base, List<Tie> ties) {
    this.family = family;
    this.ties = List.copyOf(ties);
    this.rules = FamilyRules.of(family, base);
    this.wrappers = Wrapper.of(family, rules);
    Claims claims = new Claims(rules);
    List<BaseTensor> rest = new ArrayList<>();
    for (BaseTensor tensor : base) {
      if (!claims.take(tensor, rules.slots(tensor)) && !Buffers.contains(tensor.name())) {
        rest.add(tensor);
      }
    }
    this.known = claims.located();
    this.own = OwnNames.of(rest);
    this.modules = new ArrayList<>();
    Set<String> fused = new HashSet<>();
    rules.modules().stream()
        .filter(module -> !module.parts().isEmpty() && claims.own(module))
        .forEach(module -> fused.addAll(module.parts()));
    for (ModuleNames module : rules.modules()) {
      Located located = known.get(module);
      boolean stored =
          module.parts().isEmpty() ? !fused.contains(module.path()) : claims.own(module);
      if (located != null && stored) {
        modules.add(located);
      }
    }
    modules.addAll(own.modules());
  }

  /// The table of a base, from the names and shapes of its tensors.
  public static NameTable of(List<BaseTensor> base) {
    return of(base, ModelConfig.NONE);
  }

  /// The table of a base.
  ///
  /// @param config the `config.json` beside it, which tells language models apart whose names are
  ///   the same, and which of their weights are tied
  public static NameTable of(List<BaseTensor> base, ModelConfig config) {
    Family family = FamilyOfBase.of(base, config.modelType());
    return new NameTable(family, base, Ties.of(family, base, config));
  }

  /// The complete table of a family in its own checkpoint layout, from the family's rules alone;
  /// empty for a family without a table.
  public static NameTable of(Family family) {
    return new NameTable(family, FamilyRules.of(family).checkpoint(family), List.of());
  }

  public Family family() {
    return family;
  }

  /// Every module of the base as it is stored, those of the family's table first: where the base
  /// fuses q, k and v, that is the fused module. [#find] knows the others too.
  public List<Located> modules() {
    return List.copyOf(modules);
  }

  /// What the other layout has in place of a fused module: q, k and v for a `qkv`, in the order of
  /// its rows, or a single module with the same rows in swapped halves. Empty for a module that
  /// both layouts have.
  public List<Located> parts(Located module) {
    ModuleNames names = rules.dotted(module.role(), module.path());
    return names == null
        ? List.of()
        : names.parts().stream()
            .map(path -> known.get(rules.dotted(module.role(), path)))
            .filter(Objects::nonNull)
            .toList();
  }

  /// The fused module that a module is a part of, where the base has all of it.
  public Optional<Located> fused(Located part) {
    return rules.modules().stream()
        .filter(names -> names.role() == part.role() && names.parts().contains(part.path()))
        .map(known::get)
        .filter(Objects::nonNull)
        .findFirst();
  }

  /// The weights of the base that have two names.
  public List<Tie> ties() {
    return ties;
  }

  /// The tie whose other name an adapter's `name` is: a module that the base has only as another.
  ///
  /// @throws NamingException if the name is broken
  public Optional<Tie> tie(String name) {
    for (Tie tie : ties) {
      BaseTensor alias = new BaseTensor("", tie.alias(), tie.kept().shape());
      if (new NameTable(family, List.of(alias), List.of()).find(name).isPresent()) {
        return Optional.of(tie);
      }
    }
    return Optional.empty();
  }

  /// A module that another layout has in place of some rows of a fused one.
  ///
  /// @param runs the rows of the fused weight that are its own, in its own order
  public record Part(Located module, List<Rows> runs) {
    public Part {
      runs = List.copyOf(runs);
    }
  }

  /// The modules that diffusers has for one that the family's own code fuses or turns round.
  ///
  /// @param weight the shape of the fused weight, `[out, in]`
  /// @return empty for a module that both have
  public List<Part> parts(Located fused, Shape weight) {
    ModuleNames module = rules.dotted(fused.role(), fused.path());
    List<Part> parts = new ArrayList<>();
    for (String path : module == null ? List.<String>of() : module.parts()) {
      ModuleNames part = rules.dotted(fused.role(), path);
      Located located = part == null ? null : known.get(part);
      if (part == null || located == null) {
        return List.of();
      }
      List<Rows> runs = new ArrayList<>();
      for (Storage.Run run : part.storage().runs(weight)) {
        runs.add(run.rows() == null ? new Rows(0, weight.dim(0)) : run.rows());
      }
      parts.add(new Part(located, runs));
    }
    return parts;
  }

  /// The shape of a fused weight whose inputs are `width`.
  public Shape fusedShape(Located fused, long width) {
    ModuleNames module = rules.dotted(fused.role(), fused.path());
    ModuleNames part =
        module == null || module.parts().isEmpty()
            ? null
            : rules.dotted(fused.role(), module.parts().getFirst());
    if (part == null) {
      throw new IllegalArgumentException(fused.path() + " is not fused");
    }
    return part.storage().sharedShape(width);
  }

  /// What a tensor of the base is.
  public TensorKind kind(BaseTensor tensor) {
    if (!rules.slots(tensor).isEmpty()) {
      return TensorKind.MODULE;
    }
    if (Buffers.contains(tensor.name())) {
      return TensorKind.COPIED;
    }
    return family.hasTable() ? TensorKind.UNKNOWN : TensorKind.MODULE;
  }

  /// The module that an adapter calls `name` (suffix taken off).
  ///
  /// @throws NamingException if the name is broken (the same wrapper twice in a row), or if it
  ///   stands for two modules of the base
  public Optional<Located> find(String name) {
    Optional<Located> found = search(name);
    if (found.isEmpty()) {
      String modern = Spelling.modern(name);
      return modern.equals(name) ? found : search(modern);
    }
    return found;
  }

  private Optional<Located> search(String name) {
    String rest = name;
    Set<Role> roles = EnumSet.allOf(Role.class);
    while (true) {
      Optional<Located> found = only(name, hits(rest, roles, false));
      Wrapper wrapper = wrapper(rest);
      if (found.isPresent() || wrapper == null) {
        return found;
      }
      String inner = rest.substring(wrapper.text().length());
      Set<Role> left = EnumSet.copyOf(roles);
      left.retainAll(wrapper.roles());
      if (wrapper.flat()) {
        found = only(name, hits(Spelling.flat(inner), left, true));
      }
      if (found.isEmpty() && wrapper.repeated(inner)) {
        throw new NamingException(
            "broken module name "
                + name
                + ": it carries "
                + wrapper.text()
                + " twice; take one of them off");
      }
      if (wrapper.flat()) {
        return found;
      }
      rest = inner;
      roles = left;
    }
  }

  private @Nullable Wrapper wrapper(String name) {
    for (Wrapper wrapper : wrappers) {
      if (name.startsWith(wrapper.text())) {
        return wrapper;
      }
    }
    return null;
  }

  private List<Located> hits(String path, Set<Role> roles, boolean flat) {
    List<Located> hits = new ArrayList<>(1);
    for (Role role : roles) {
      ModuleNames module = flat ? rules.flat(role, path) : rules.dotted(role, path);
      Located located = module == null ? null : known.get(module);
      if (located != null) {
        hits.add(located);
      }
    }
    return hits.isEmpty() ? own.find(path, roles, flat) : hits;
  }

  private static Optional<Located> only(String name, List<Located> hits) {
    if (hits.size() > 1) {
      throw new NamingException(
          "ambiguous module name "
              + name
              + ": it can be "
              + hits.get(0).place()
              + " or "
              + hits.get(1).place());
    }
    return hits.stream().findFirst();
  }

  /// The known names nearest to one that was not found, best first, at most `most`.
  public List<String> nearest(String name, int most) {
    String rest = name;
    Set<Role> roles = EnumSet.allOf(Role.class);
    Wrapper wrapper = wrapper(rest);
    boolean flat = wrapper != null && wrapper.flat();
    while (wrapper != null) {
      rest = rest.substring(wrapper.text().length());
      roles.retainAll(wrapper.roles());
      flat = wrapper.flat();
      wrapper = flat ? null : wrapper(rest);
    }
    String stripped = name.substring(0, name.length() - rest.length());
    Set<String> paths = stripped.isEmpty() ? Set.of() : names(roles, flat);
    if (paths.isEmpty()) {
      return Nearest.of(name, spelled(name.indexOf('.') < 0), most);
    }
    return Nearest.of(flat ? Spelling.flat(rest) : rest, paths, most).stream()
        .map(path -> stripped + path)
        .toList();
  }

  /// The paths that lead to a module of the base.
  private Set<String> names(Set<Role> roles, boolean flat) {
    Set<String> names = new HashSet<>();
    for (Role role : roles) {
      (flat ? rules.flat(role) : rules.dotted(role))
          .forEach((path, module) -> {
            if (known.containsKey(module)) {
              names.add(path);
            }
          });
    }
    own.names(flat)
        .forEach((path, found) -> {
          if (found.stream().anyMatch(module -> roles.contains(module.role()))) {
            names.add(path);
          }
        });
    return names;
  }

  /// Whole names: dotted paths, or flattened ones behind the wrappers that belong to them.
  private Set<String> spelled(boolean flat) {
    if (!flat) {
      return names(EnumSet.allOf(Role.class), false);
    }
    Set<String> all = new HashSet<>();
    for (Wrapper wrapper : wrappers) {
      if (wrapper.flat()) {
        names(wrapper.roles(), true).forEach(path -> all.add(wrapper.text() + path));
      }
    }
    return all;
  }

  /// The name that a dialect gives to a module of this base; empty where the dialect has none that
  /// would lead back to it.
  public Optional<String> name(Located module, Dialect dialect) {
    ModuleNames names = rules.dotted(module.role(), module.path());
    Optional<String> name =
        names != null && module.equals(known.get(names))
            ? DialectNames.of(family, names, dialect)
            : DialectNames.ofOwn(family, module, dialect);
    return name.filter(written -> leadsTo(written, module));
  }

  private boolean leadsTo(String name, Located module) {
    try {
      return find(name).filter(module::equals).isPresent();
    } catch (NamingException ambiguous) {
      return false;
    }
  }
}
