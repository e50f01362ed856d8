"""The job worker: delivers the feed and runs what is due. Any number of workers may run."""

import asyncio
from datetime import datetime, timedelta

from merx.accounts import forget_expired
from merx.cart import expire_idle_carts
from merx.cashier import ask_in_doubt, capture_authorized, expire_unpaid, void_authorized
from merx.fulfilment import auto_receive
from merx.infra.db import Database
from merx.infra.dispatch import dispatch, subscribe
from merx.infra.jobs import Job, run_jobs
from merx.infra.settings import Settings
from merx.ledger import fold_balances
from merx.notifications import MailSettings, SmtpMailer, send_mails
from merx.orders import close_received
from merx.reconciliation import reconcile
from merx.refunds import ask_refunds, send_refunds
from merx.returns import ReturnsSettings, act_on_silence
from merx.services import Services, open_services
from merx.subscriptions import SUBSCRIPTIONS

CLOSE_BATCH = 200


async def run_worker(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set."""
    assert settings.system.database_url is not None, "the worker attaches to a database that runs"
    async with open_services(settings, settings.system.database_url) as services:
        await subscribe(services.db, SUBSCRIPTIONS)
        await run_jobs(services.db, jobs_of(services), clock=services.clock, stop=stop)


def jobs_of(services: Services) -> list[Job]:
    """Every periodic job."""
    db, providers, settings = services.db, services.providers, services.settings
    jobs = [
        Job("deliver_events", 0.3, lambda now: dispatch(db, SUBSCRIPTIONS, now=now)),
        Job("expire_unpaid", 5, lambda now: expire_unpaid(db, providers, now=now)),
        Job("ask_in_doubt", 10, lambda now: ask_in_doubt(db, providers, now=now)),
        Job("capture_authorized", 10, lambda now: capture_authorized(db, providers, now=now)),
        Job("void_authorized", 10, lambda now: void_authorized(db, providers, now=now)),
        Job("send_refunds", 5, lambda now: send_refunds(db, providers, now=now)),
        Job("ask_refunds", 10, lambda now: ask_refunds(db, providers, now=now)),
        Job("auto_receive", 60, lambda now: auto_receive(db, now=now)),
        Job("close_received", 60, lambda now: _close(db, settings, now)),
        Job("act_on_silence", 60, lambda now: act_on_silence(db, now=now)),
        Job("reconcile", 600, lambda now: reconcile(db, providers, now=now)),
        Job("fold_balances", 10, lambda now: _fold(db, now)),
        Job("expire_idle_carts", 300, lambda now: expire_idle_carts(db, now=now)),
        Job("forget_expired", 3600, lambda now: forget_expired(db, now=now)),
    ]
    mail = settings.of(MailSettings)
    if mail.smtp_url is not None:
        mailer = SmtpMailer(mail.smtp_url, sender=mail.mail_from, public_url=settings.web.public_url)
        jobs.append(Job("send_mails", 1, lambda now: send_mails(db, services.keys, mailer, now=now)))
    return jobs


async def _close(db: Database, settings: Settings, now: datetime) -> int:
    before = now - timedelta(days=settings.of(ReturnsSettings).after_sales_days)
    return await db.write(lambda tx: close_received(tx, received_before=before, limit=CLOSE_BATCH, now=now))


async def _fold(db: Database, _now: datetime) -> int:
    await db.write(fold_balances)
    return 0  # it folds everything at once
