package radiata.parity;

import java.util.Optional;
import radiata.convention.Profile;

/// Whether a runtime takes the file.
///
/// @param refused why it does not
public record RuntimeParity(Profile profile, Optional<String> refused) {}
