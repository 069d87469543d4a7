package radiata.safetensors.torch;

/// One entry of a zip archive, whose two headers agree.
///
/// @param deflated whether it is compressed; if not, `packed` is `bytes`
/// @param crc the CRC-32 that is recorded; torch records 0 where it was told to compute none
/// @param header where its local header starts in the file
/// @param data where its bytes start in the file
/// @param packed how many bytes it takes in the file
/// @param bytes how many it holds
record ZipEntry(
    String name, boolean deflated, int crc, long header, long data, long packed, long bytes) {}
