//! Everything drawn: the mark, the icons of the sections, the drawings of empty states.

use leptos::prelude::*;

/// The mark: the section of a hull, its keel and the water line. Its name is written beside it.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path class="hull" d="M4.6 14C6 19 9.5 21.2 16 23c6.5-1.800 10-4 11.400-9z" stroke="none"></path>
            <path d="M4 7.5Q16 4.5 28 7.5C28 17 24 20.5 16 23 8 20.5 4 17 4 7.5zM16 23v5.5" stroke-width="2.5"></path>
            <path class="water" d="M1.5 13.5h29" stroke-width="2"></path>
        </svg>
    }
}

/// A sign beside words; the words carry the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Overview,
    Home,
    Members,
    Billing,
    Credits,
    Projects,
    Settings,
    Plus,
    Check,
    Info,
    Warning,
    Choose,
    Person,
    Leave,
    Menu,
    Mail,
    Audit,
}

impl Icon {
    /// Its lines in a square of 24.
    fn path(self) -> &'static str {
        match self {
            Self::Overview => "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
            Self::Home => "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
            Self::Members => {
                "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.3-4 2.8-6 6.5-6s6.2 2 6.5 6M16 4.3a3.5 3.5 0 0 1 0 6.5M18 14.3c2.2.8 3.3 2.7 3.5 5.7"
            }
            Self::Billing => "M3 6h18v12H3zM3 10h18M7 15h4",
            Self::Credits => {
                "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v10M15 9.5C14.5 8.5 13.5 8 12 8c-4 0-4 4 0 4s4 4 0 4c-1.5 0-2.5-.5-3-1.5"
            }
            Self::Projects => "M3 6h6l2 3h10v10H3z",
            Self::Settings => {
                "M4 7h10M18 7h2M4 17h2M10 17h10M16 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Check => "M5 12.5l4.5 4.5L19 7",
            Self::Info => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v6M12 7.5v.01",
            Self::Warning => "M12 4L2.5 20h19zM12 10v5M12 17.5v.01",
            Self::Choose => "M8 10l4-4 4 4M8 14l4 4 4-4",
            Self::Person => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.5-4.5 3.5-7 8-7s7.5 2.5 8 7",
            Self::Leave => "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
            Self::Menu => "M4 7h16M4 12h16M4 17h16",
            Self::Mail => "M3 6h18v12H3zM3 7l9 7 9-7",
            Self::Audit => "M5 3h14v18H5zM9 8h6M9 12h6M9 16h3",
        }
    }
}

/// An icon as an SVG in the colour of the text around it.
#[component]
pub fn IconOf(icon: Icon) -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path d=icon.path()></path>
        </svg>
    }
}

/// A drawing for a place where nothing is yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// A hull on the stocks: something to begin.
    Stocks,
    /// A ledger with empty lines.
    Ledger,
    /// Water with nothing on it.
    Horizon,
    /// A buoy: a place that is marked but empty.
    Buoy,
    /// A hull afloat: something has begun.
    Afloat,
}

impl Drawing {
    /// Its lines in 144 by 96: the main ones, the water, the faint ones.
    fn paths(self) -> [&'static str; 3] {
        match self {
            Self::Stocks => [
                "M28 20Q72 8 116 20c0 28-14 42-44 50-30-8-44-22-44-50zM72 70v12",
                "M14 42h116",
                "M72 14v56M50 12v50M94 12v50M28 90h88M44 90l8-26M100 90l-8-26",
            ],
            Self::Ledger => ["M36 12h72v72H36zM52 12v72", "M62 30h36", "M62 44h36M62 58h36M62 72h36M42 30h4M42 44h4M42 58h4M42 72h4"],
            Self::Horizon => [
                "M72 22a16 16 0 0 1 16 16H56a16 16 0 0 1 16-16z",
                "M8 46h128",
                "M24 58h40M76 58h44M40 70h64M60 82h28M72 8v6M46 18l4 4M98 18l-4 4",
            ],
            Self::Afloat => [
                "M22 40h100c-4 20-16 32-34 32H52C36 72 26 60 22 40zM70 40V10l30 24H70",
                "M6 56h20M118 56h20",
                "M64 40V20L44 36M34 84h28M82 84h28M12 70h18M114 70h18",
            ],
            Self::Buoy => ["M72 14v12M60 26h24l8 34H52zM66 14h12", "M10 60h44M90 60h44", "M57 42h30M26 72h36M82 72h36M48 84h48"],
        }
    }
}

/// A drawing as an SVG; what it stands for is written below it.
#[component]
pub fn DrawingOf(drawing: Drawing) -> impl IntoView {
    let [main, water, faint] = drawing.paths();
    view! {
        <svg class="empty-drawing" viewBox="0 0 144 96" width="144" height="96" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            <path class="faint" d=faint></path>
            <path class="water" d=water></path>
            <path d=main></path>
        </svg>
    }
}
