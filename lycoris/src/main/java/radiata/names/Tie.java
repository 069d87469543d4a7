package radiata.names;

/// Two names of one weight: the embeddings of a language model's words, which its head multiplies
/// with again.
///
/// @param kept the tensor's name in the base
/// @param alias the other name of the same numbers: `lm_head.weight`
/// @param stored whether the base holds them a second time under that name, although whoever loads
///   it takes the first
/// @param separable whether each name can have a tensor of its own in a model of this kind
public record Tie(BaseTensor kept, String alias, boolean stored, boolean separable) {}
