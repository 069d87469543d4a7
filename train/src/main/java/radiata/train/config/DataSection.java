package radiata.train.config;

/// What is trained on.
public sealed interface DataSection permits ImageSection, TextSection {}
