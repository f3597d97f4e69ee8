//! Percent-encoding of paths (RFC 3986 2.1).

/// A path as given, its non-ASCII characters percent-encoded.
pub fn push_path(url: &mut String, path: &str) {
    if path.is_ascii() {
        url.push_str(path);
        return;
    }
    for c in path.chars() {
        if c.is_ascii() { url.push(c) } else { push_encoded_character(url, c) }
    }
}

fn push_encoded_character(url: &mut String, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        url.push('%');
        url.push(char::from(DIGITS[usize::from(byte >> 4)]));
        url.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Appends one path segment; everything but RFC 3986 unreserved characters and a few harmless ones is encoded.
pub fn push_percent_encoded(url: &mut String, segment: &str) {
    for c in segment.chars() {
        if c.is_ascii_alphanumeric() || "-_.~&'+,!()".contains(c) {
            url.push(c)
        } else {
            push_encoded_character(url, c)
        }
    }
}

/// `None` when an escape does not give UTF-8. A `%` that begins no escape stays.
pub fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).ok()
}
