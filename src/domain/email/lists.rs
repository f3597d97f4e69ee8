//! Short built-in lists of mailboxes and mail domains. They decide what makes two leads the same, so they are part of
//! the program; the long lists of published packages are the business of the providers that flag addresses.

/// Local parts that belong to a function and not to a person. Sorted.
#[rustfmt::skip]
const ROLES: &[&str] = &[
    "abuse", "accounting", "accounts", "accountspayable", "admin", "administration", "administrator", "advertising",
    "affiliates", "all", "anfrage", "anfragen", "ap", "ar", "atendimento", "auskunft", "ayuda", "backoffice",
    "bestellung", "bestellungen", "bewerbung", "bewerbungen", "billing", "board", "booking", "bookings",
    "bookkeeping", "buchhaltung", "buero", "business", "careers", "comercial", "commercial", "compliance", "compras",
    "comptabilite", "comunicacion", "consultas", "contabilidad", "contabilita", "contact", "contacto", "contactus",
    "contato", "customer", "customercare", "customerservice", "customersupport", "datenschutz", "dev", "devnull",
    "direccion", "direction", "dns", "dpo", "editor", "einkauf", "empfang", "empleo", "engineering", "enquiries",
    "enquiry", "events", "everyone", "facturacion", "facturation", "facture", "feedback", "finance", "fragen", "ftp",
    "gdpr", "geral", "geschaeftsfuehrung", "hello", "help", "helpdesk", "hi", "hola", "hostmaster", "hr", "inbox",
    "info", "informacion", "informatie", "information", "informations", "infos", "inquiries", "inquiry", "investor",
    "investorrelations", "investors", "invoice", "invoices", "it", "jobs", "karriere", "klantenservice", "kontakt",
    "kundenbetreuung", "kundenservice", "legal", "list", "mail", "mailbox", "mailer-daemon", "mailman", "marketing",
    "media", "moin", "news", "newsletter", "no-reply", "nobody", "noreply", "office", "oficina", "online",
    "operations", "ops", "order", "orders", "partner", "partners", "payments", "payroll", "post", "postmaster",
    "praxis", "press", "presse", "privacy", "procurement", "purchasing", "recepcion", "reception", "rechnung",
    "rechnungen", "recruiting", "recruitment", "rh", "root", "rrhh", "sales", "salesteam", "sav", "schedule",
    "secretaria", "secretariat", "security", "sekretariat", "service", "serviceclient", "services", "shop", "soporte",
    "spam", "staff", "storno", "subscribe", "suporte", "support", "sysadmin", "team", "tech", "technical",
    "tesoreria", "training", "undisclosed-recipients", "unsubscribe", "usenet", "uucp", "vendas", "ventas", "verkauf",
    "verkoop", "vertrieb", "verwaltung", "web", "webadmin", "webmaster", "website", "welcome", "willkommen", "www",
    "zentrale",
];

/// Domains of the large mailbox providers: an address there says nothing about the company. Sorted.
#[rustfmt::skip]
const FREE_MAIL: &[&str] = &[
    "126.com", "163.com", "aim.com", "alice.it", "aol.com", "arcor.de", "att.net", "bellsouth.net", "bigpond.com",
    "bk.ru", "bluewin.ch", "bol.com.br", "btinternet.com", "charter.net", "comcast.net", "cox.net", "daum.net",
    "earthlink.net", "email.com", "fastmail.com", "fastmail.fm", "free.fr", "freemail.hu", "freenet.de", "gmail.com",
    "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.fr", "gmx.net", "googlemail.com", "hanmail.net", "hey.com",
    "home.nl", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it", "hotmail.nl",
    "icloud.com", "ig.com.br", "inbox.lv", "inbox.ru", "interia.pl", "juno.com", "laposte.net", "libero.it",
    "list.ru", "live.co.uk", "live.com", "live.de", "live.fr", "live.it", "live.nl", "mac.com", "mail.com", "mail.de",
    "mail.ru", "me.com", "msn.com", "naver.com", "neuf.fr", "o2.pl", "onet.pl", "online.de", "optonline.net",
    "orange.fr", "outlook.com", "outlook.de", "outlook.es", "outlook.fr", "outlook.it", "planet.nl", "pm.me",
    "poczta.onet.pl", "posteo.de", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rambler.ru",
    "rediffmail.com", "rocketmail.com", "rogers.com", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sina.com",
    "sky.com", "skynet.be", "sohu.com", "sympatico.ca", "t-online.de", "telenet.be", "terra.com.br", "tin.it",
    "tiscali.it", "tuta.io", "tutanota.com", "ukr.net", "uol.com.br", "verizon.net", "virgilio.it", "virginmedia.com",
    "wanadoo.fr", "web.de", "windowslive.com", "wp.pl", "xs4all.nl", "ya.ru", "yahoo.ca", "yahoo.co.in",
    "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.au", "yahoo.com.br", "yahoo.com.mx", "yahoo.de", "yahoo.es",
    "yahoo.fr", "yahoo.in", "yahoo.it", "yandex.com", "yandex.ru", "yeah.net", "ymail.com", "ziggo.nl", "zoho.com",
];

/// Top-level domains that never resolve in public: RFC 2606, 6761, 6762, 7686, 8375, and those of private networks.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost",
    "onion", "private", "test",
];

/// Whether a local part, lower case and without `+tag`, belongs to a function.
pub fn is_built_in_role(local: &str) -> bool {
    ROLES.binary_search(&local).is_ok()
}

/// Whether a domain, lower case, is one of the large mailbox providers.
pub fn is_built_in_free_mail(domain: &str) -> bool {
    FREE_MAIL.binary_search(&domain).is_ok()
}

pub(super) fn is_reserved_domain(domain: &str) -> bool {
    let top = domain.rsplit('.').next().unwrap_or(domain);
    if RESERVED.binary_search(&top).is_ok() {
        return true;
    }
    matches!(top, "com" | "net" | "org") && domain.rsplit('.').nth(1) == Some("example")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_binary_search() {
        for list in [ROLES, FREE_MAIL, RESERVED] {
            assert!(list.is_sorted(), "{:?}", list.windows(2).find(|pair| pair[0] >= pair[1]));
        }
    }
}
