use proptest::prelude::*;

use super::*;

fn guess(bytes: &[u8]) -> EncodingGuess {
    let mut scan = EncodingScan::default();
    scan.feed(bytes);
    scan.finish()
}

fn text(bytes: &[u8]) -> String {
    let mut transcoder = Transcoder::new(&guess(bytes));
    let mut text = String::new();
    transcoder.push(bytes, true, &mut text);
    text
}

fn encoded(label: &str, text: &str) -> Vec<u8> {
    let encoding = TextEncoding::from_label(label).expect("a label");
    let (bytes, _, unmappable) = encoding.inner().encode(text);
    assert!(!unmappable, "{text} is no {label}");
    bytes.into_owned()
}

fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes_of).collect()
}

const LEADS: [(&str, &str); 17] = [
    (
        "windows-1252",
        "Vorname;Nachname;Straße\nJürgen;Müller;Königsallee 5\nBjörn;Größe;Hauptstraße 12\nZoë;Weiß;Am Mühlenbach\n",
    ),
    (
        "windows-1252",
        "Prénom;Nom;Société\nHélène;Lefèvre;Électricité de France\nFrançois;Garçon;Crédit Agricole\nAgnès;Bérénice;L’Oréal\n",
    ),
    (
        "windows-1250",
        "Imię;Nazwisko;Firma\nŁukasz;Święcicki;Spółka Łódź\nMałgorzata;Żółkiewska;Usługi Księgowe\nGrażyna;Dąbrowska;Zakład Śląski\n",
    ),
    (
        "iso-8859-2",
        "Jméno;Příjmení;Město\nŠtěpán;Dvořák;Plzeň\nŽofie;Šťastná;Ústí nad Labem\nJiří;Růžička;České Budějovice\n",
    ),
    (
        "windows-1250",
        "Név;Cég;Város\nKovács Győző;Fűszer Kft.;Gyöngyös\nSzűcs Ágnes;Őrségi Méz;Kőszeg\nTóth Örs;Tűzép;Székesfehérvár\n",
    ),
    (
        "windows-1251",
        "Имя;Фамилия;Компания\nАлексей;Смирнов;Завод Прогресс\nЕкатерина;Кузнецова;Торговый дом\nДмитрий;Соколов;Строительная компания\n",
    ),
    (
        "koi8-r",
        "Имя;Фамилия;Компания\nАлексей;Смирнов;Завод Прогресс\nЕкатерина;Кузнецова;Торговый дом\nДмитрий;Соколов;Строительная компания\n",
    ),
    (
        "ibm866",
        "Имя;Фамилия;Компания\nАлексей;Смирнов;Завод Прогресс\nЕкатерина;Кузнецова;Торговый дом\nДмитрий;Соколов;Строительная компания\n",
    ),
    (
        "windows-1253",
        "Όνομα;Επώνυμο;Εταιρεία\nΓιώργος;Παπαδόπουλος;Ελληνική Εταιρεία\nΜαρία;Γεωργίου;Εμπορική\nΝίκος;Οικονόμου;Κατασκευαστική\n",
    ),
    (
        "windows-1254",
        "Adı;Soyadı;Şirket\nİbrahim;Yıldız;Gıda Sanayi\nAyşe;Çelik;İnşaat Şirketi\nOğuz;Güneş;Danışmanlık\n",
    ),
    (
        "shift_jis",
        "氏名,会社,役職\n田中太郎,株式会社さくら,部長\n鈴木花子,日本電気株式会社,課長\n佐藤健,トヨタ自動車,マネージャー\n",
    ),
    (
        "euc-jp",
        "氏名,会社,役職\n田中太郎,株式会社さくら,部長\n鈴木花子,日本電気株式会社,課長\n佐藤健,トヨタ自動車,マネージャー\n",
    ),
    ("euc-kr", "이름,회사,직책\n김철수,삼성전자,부장\n이영희,현대자동차,과장\n박민수,엘지화학,대리\n"),
    (
        "gbk",
        "姓名,公司,职位\n王小明,北京科技有限公司,销售经理\n李华,上海贸易公司,总经理\n张伟,深圳电子有限公司,工程师\n",
    ),
    (
        "big5",
        "姓名,公司,職稱\n王小明,台灣科技股份有限公司,業務經理\n李華,台北貿易公司,總經理\n張偉,高雄電子公司,工程師\n",
    ),
    ("windows-874", "ชื่อ,บริษัท,ตำแหน่ง\nสมชาย,บริษัทไทยจำกัด,ผู้จัดการ\nสมหญิง,ธนาคารกรุงเทพ,พนักงานขาย\n"),
    ("macintosh", "Vorname;Nachname\nJürgen;Müller\nBjörn;Kühn\nHélène;Lefèvre\n"),
];

#[test]
fn lead_files_of_many_countries_are_read_right() {
    for (label, leads) in LEADS {
        assert_eq!(text(&encoded(label, leads)), leads, "{label}: {:?}", guess(&encoded(label, leads)).encoding.name());
    }
    let latin_9 = "Prénom;Société\nLætitia;Sacré-Cœur\nBenoît;Œuvres à 5 €\n";
    assert_eq!(text(&encoded("iso-8859-15", latin_9)), latin_9);
}

#[test]
fn a_price_in_pounds_is_not_polish() {
    let prices = "Supplier,Amount\nSmith & Sons,£512\nJones Ltd,£4530\nBrown (£),£12\nCafé Rouge,£7\n";
    assert_eq!(text(&encoded("windows-1252", prices)), prices);
}

#[test]
fn utf16_is_known_with_and_without_its_mark() {
    for (_, leads) in LEADS {
        assert_eq!(text(&utf16(leads, u16::to_le_bytes)), leads);
        assert_eq!(text(&utf16(leads, u16::to_be_bytes)), leads);
        assert_eq!(text(&utf16(&format!("\u{feff}{leads}"), u16::to_be_bytes)), leads);
    }
    assert_eq!(guess(&utf16("\u{feff}a,b\n", u16::to_le_bytes)).mark, 2);
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20\x08\x06\0\0\0";
    assert_eq!(guess(b"a,b\n1,\0\n2,x\n").encoding.name(), "utf-8", "a damaged text is none");
    assert_eq!(guess(picture).encoding.name(), "windows-1252", "zero bytes alone are no text");
}

#[test]
fn utf8_with_stray_bytes_stays_utf8_and_says_where() {
    let mut bytes = "Name;Stadt\nJürgen;Köln\nŁukasz;Łódź\nZoë;Genève\n".as_bytes().to_vec();
    bytes.extend_from_slice(b"Fran\xe7ois;\x93Paris\x94\n");
    bytes.extend_from_slice("Zoë;Liège, Genève, Łódź, Köln, Tromsø, Málaga\n".as_bytes());
    let found = guess(&bytes);
    assert_eq!((found.encoding, found.strays, found.first_stray_line), (TextEncoding::UTF_8, 3, Some(5)));
    assert!(text(&bytes).contains("François;“Paris”\nZoë"));
    let clean = guess("a,b\nZoë,1\n".as_bytes());
    assert!(clean.is_plain_utf8());
}

#[test]
fn labels_of_all_sorts_are_known() {
    for (label, name) in [
        ("UTF8", "utf-8"),
        ("latin1", "windows-1252"),
        ("ISO-8859-1", "windows-1252"),
        ("cp1250", "windows-1250"),
        ("UTF-16", "utf-16le"),
        ("SJIS", "shift_jis"),
        ("cp949", "euc-kr"),
        ("iso_8859_15", "iso-8859-15"),
        ("GB2312", "gbk"),
        ("KOI8-R", "koi8-r"),
    ] {
        assert_eq!(TextEncoding::from_label(label).map(TextEncoding::name), Some(name), "{label}");
    }
    assert_eq!(TextEncoding::from_label("klingon"), None);
    for encoding in [encoding_rs::UTF_8, encoding_rs::BIG5, encoding_rs::X_MAC_CYRILLIC, encoding_rs::WINDOWS_1258] {
        assert_eq!(TextEncoding(encoding).name(), encoding.name().to_ascii_lowercase());
    }
}

proptest! {
    #[test]
    fn pieces_do_not_matter(which in 0..LEADS.len(), sizes in prop::collection::vec(1usize..40, 1..6)) {
        let bytes = encoded(LEADS[which].0, LEADS[which].1);
        let (mut scan, mut rest) = (EncodingScan::default(), &bytes[..]);
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            scan.feed(piece);
            rest = behind;
            if rest.is_empty() { break; }
        }
        let found = scan.finish();
        let (mut transcoder, mut text) = (Transcoder::new(&found), String::new());
        for piece in bytes.chunks(sizes[0]) {
            transcoder.push(piece, false, &mut text);
        }
        transcoder.push(b"", true, &mut text);
        prop_assert_eq!(text, LEADS[which].1);
    }

    #[test]
    fn any_bytes_become_some_text(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let found = text(&bytes);
        prop_assert!(bytes.is_empty() || bytes.len() < 3 || !found.is_empty() || bytes.starts_with(b"\xff\xfe"));
    }
}
