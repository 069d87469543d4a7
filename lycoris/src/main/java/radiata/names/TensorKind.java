package radiata.names;

/// What naming makes of a tensor of a base.
public enum TensorKind {
  /// The weight or bias of a module that adapters can address.
  MODULE,
  /// No module's: noise schedules, averaged weights, position indices, scalars. Copied as it is.
  COPIED,
  /// A tensor that a known family should not have.
  UNKNOWN
}
