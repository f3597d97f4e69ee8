//! The manifests that come with the program.

use super::model::Manifest;
use super::problem::ManifestError;
use super::read::read;

/// By slug: the text of each.
pub const SHIPPED: [(&str, &str); 5] = [
    ("apify", include_str!("../../../providers/apify.toml")),
    ("apollo", include_str!("../../../providers/apollo.toml")),
    ("hunter", include_str!("../../../providers/hunter.toml")),
    ("peopledatalabs", include_str!("../../../providers/peopledatalabs.toml")),
    ("zerobounce", include_str!("../../../providers/zerobounce.toml")),
];

/// All of them.
///
/// # Errors
/// When one of them cannot be read: the binary was built from a damaged `providers/`.
pub fn shipped() -> Result<Vec<Manifest>, ManifestError> {
    SHIPPED.iter().map(|(slug, text)| read(&format!("{slug}.toml"), text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_manifest_reads_and_is_named_like_its_file() {
        match shipped() {
            Ok(manifests) => {
                for (manifest, (slug, _)) in manifests.iter().zip(SHIPPED) {
                    assert_eq!(manifest.slug, slug);
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}
