"""`kiosk sites …`: what a site demands, and why."""

from __future__ import annotations

import json

import click


@click.group()
def sites() -> None:
    """Site profiles: what a site demands, and where that comes from."""


@sites.command()
@click.argument("site")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(site: str, as_json: bool) -> None:
    """Show the profile SITE: the name of a shipped one, or a .toml file."""
    from kiosk_api.core.codec import encode_policy
    from kiosk_api.core.policy import policy_digest
    from kiosk_api.core.rules import RULES
    from kiosk_api.sites import SiteError, load_site

    try:
        profile = load_site(site)
    except SiteError as error:
        raise click.ClickException(str(error)) from error
    policy = encode_policy(profile.policy)
    digest = policy_digest(profile.policy)
    if as_json:
        citations = [
            {"entry": c.entry, "source": c.source, "standing": c.standing.value}
            for c in profile.citations
        ]
        click.echo(
            json.dumps(
                {
                    "site": profile.policy.site,
                    "title": profile.title,
                    "version": profile.policy.version,
                    "digest": digest,
                    "policy": policy,
                    "citations": citations,
                }
            )
        )
        return
    click.echo(f"{profile.title}\n{profile.policy.site} {profile.policy.version}, digest {digest}")
    click.echo("\nRules")
    for name in profile.policy.rules:
        click.echo(f"  {name:20} {RULES[name].question}")
    click.echo("\nPolicy")
    for name, value in policy.items():
        if name != "rules":
            click.echo(f"  {name:20} {json.dumps(value)}")
    click.echo("\nSources")
    for citation in profile.citations:
        click.echo(f"  {citation.entry} ({citation.standing.value}): {citation.source}")
