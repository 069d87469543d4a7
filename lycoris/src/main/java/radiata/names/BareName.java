package radiata.names;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A module's name as an adapter writes it, without what stands before the module's path; for
/// adapters of models that no table knows.
///
/// @param flat whether its dots have become underscores
/// @param denoiser whether it may stand in the part of a model that has no other name: not in a
///   text encoder, not in a VAE
public record BareName(String path, boolean flat, boolean denoiser) {
  private static final List<Wrapper> WRAPPERS =
      Wrapper.of(Family.GENERIC, FamilyRules.of(Family.GENERIC));

  public static BareName of(String name) {
    String path = name;
    Set<Role> roles = EnumSet.allOf(Role.class);
    boolean flat = false;
    for (Wrapper wrapper = next(path); wrapper != null && !flat; wrapper = next(path)) {
      path = path.substring(wrapper.text().length());
      roles.retainAll(wrapper.roles());
      flat = wrapper.flat();
    }
    return new BareName(path, flat, roles.contains(Role.UNET));
  }

  private static @Nullable Wrapper next(String path) {
    return WRAPPERS.stream()
        .filter(wrapper -> path.startsWith(wrapper.text()))
        .findFirst()
        .orElse(null);
  }
}
