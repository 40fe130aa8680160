//! CRC-32C (Castagnoli), which is what RocksDB checks its logs and the files of backups with.

/// The checksum of `bytes`.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    Crc32c::new().then(bytes).finish()
}

/// The checksum of what came so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crc32c(u32);

impl Crc32c {
    pub(super) fn new() -> Self {
        Self(!0)
    }

    /// With `bytes` after what came before; eight of them a step.
    #[must_use]
    pub(super) fn then(self, bytes: &[u8]) -> Self {
        let steps = bytes.chunks_exact(8);
        let rest = steps.remainder();
        let crc = steps.fold(self.0, |crc, step| {
            let low = crc.to_le_bytes();
            let last = TABLES.len() - 1;
            step.iter().enumerate().fold(0, |sum, (place, byte)| {
                let mixed = byte ^ low.get(place).copied().unwrap_or_default();
                // A byte is an index into 256, and a place one into 8.
                sum ^ TABLES[last - place][usize::from(mixed)]
            })
        });
        Self(rest.iter().fold(crc, |crc, byte| TABLES[0][usize::from(byte ^ crc.to_le_bytes()[0])] ^ (crc >> 8)))
    }

    pub(super) fn finish(self) -> u32 {
        !self.0
    }
}

static TABLES: [[u32; 256]; 8] = tables();

/// In table `t`, what a byte does to the checksum when `t` more bytes follow.
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0_u32; 256]; 8];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][index] = crc;
        index += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut index = 0;
        while index < 256 {
            let crc = tables[table - 1][index];
            tables[table][index] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            index += 1;
        }
        table += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn it_is_the_same_in_pieces() {
        let bytes: Vec<u8> = (0..=255).collect();
        for cut in [0, 1, 7, 8, 100, 256] {
            assert_eq!(Crc32c::new().then(&bytes[..cut]).then(&bytes[cut..]).finish(), crc32c(&bytes), "cut at {cut}");
        }
    }
}
