//! Names that are easy to get wrong.
#![allow(non_snake_case, non_camel_case_types, uncommon_codepoints, mixed_script_confusables)]

pub mod conditions;
pub mod docs;
pub mod keywords;
pub mod scripts;

/// Kebab case has its traps.
#[roam::service]
pub trait HTTPServer2Go {
    async fn getHTTP2Data(&self) -> u8;
    async fn get_http_data(&self) -> u8;
    async fn loadTemplate(&self, templateName: String) -> String;
    async fn ABTest(&self) -> u8;
    async fn A1B2(&self) -> u8;
    async fn a1b(&self) -> u8;
    async fn XYz(&self) -> u8;
    async fn v2Beta(&self) -> u8;
    async fn get_v2(&self) -> u8;
    async fn x1Y2z(&self) -> u8;
    async fn my__method(&self) -> u8;
    async fn _lead_(&self) -> u8;
    async fn ABC123def(&self) -> u8;
    async fn utf8_to_utf16(&self, utf8: Vec<u8>) -> Vec<u16>;
    async fn then(&self) -> u8;
    async fn toString(&self) -> String;
    async fn constructor(&self, __proto__: u8) -> u8;
    async fn hasOwnProperty(&self, name: String) -> bool;
}

/// One letter, then an acronym.
#[roam::service]
pub trait IOService {
    async fn read(&self, fd: i32) -> Vec<u8>;
    async fn eof(&self) -> bool;
}

#[roam::service]
pub trait snake_service {
    async fn Method(&self) -> bool;
}

#[roam::service]
pub trait __Underscored__ {
    async fn m(&self) -> bool;
}
