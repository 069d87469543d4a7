package radiata.bake;

import java.util.List;
import radiata.adapter.file.AdapterModule;
import radiata.names.Target;

/// A module that has a place in the base, and that a runtime leaves out.
///
/// @param places where it would have gone
/// @param why in words, after "because"
public record Skipped(AdapterModule module, List<Target> places, String why) {
  public Skipped {
    places = List.copyOf(places);
  }

  /// Whether another module's place is one of its own.
  public boolean at(Target place) {
    return places.stream().anyMatch(place::overlaps);
  }
}
