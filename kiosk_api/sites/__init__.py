"""Site profiles: what a site demands, as versioned TOML in which every entry names its source.

Read `global_entry_airport.toml` first, then `schema` (its form, and what is refused), `load` and
`profile`.
"""

from kiosk_api.sites.load import SiteError, load_site, site_names
from kiosk_api.sites.profile import Citation, SiteProfile, Standing, for_demonstration

__all__ = [
    "Citation",
    "SiteError",
    "SiteProfile",
    "Standing",
    "for_demonstration",
    "load_site",
    "site_names",
]
