"""The configuration files of the embedded cluster, as text. Pure."""

from pathlib import Path

OWNER_ROLE = "merx_owner"
DATABASE = "merx"
SUPERUSER = "postgres"
MAP = "merx"

_MEBIBYTE = 1024 * 1024

#: Appended to postgresql.conf once. operator.conf, when there, is the place for the operator's own values.
INCLUDES = "\ninclude 'merx.conf'\ninclude_if_exists 'operator.conf'\n"

#: Only the socket, and on it only operating-system users known to the map; no password exists at all.
HBA = f"local all all peer map={MAP}\n"


def ident(os_users: list[str]) -> str:
    """pg_ident.conf: the given operating-system users may be the owner role and, for administration, the superuser."""
    lines = [f'{MAP} "{user}" {role}' for user in dict.fromkeys(os_users) for role in (OWNER_ROLE, SUPERUSER)]
    return "\n".join(lines) + "\n"


def server(*, socket_dir: Path, memory_bytes: int, cores: int, major: int) -> str:
    """merx.conf: the server's settings for this machine, written again at every start."""
    shared = max(128, min(2048, memory_bytes // 8 // _MEBIBYTE))
    cache = max(256, memory_bytes // 2 // _MEBIBYTE)
    work = max(4, min(32, memory_bytes // _MEBIBYTE // 512))
    values = {
        "listen_addresses": "''",
        "unix_socket_directories": _quote(str(socket_dir)),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{cache}MB",
        "work_mem": f"{work}MB",
        "maintenance_work_mem": f"{max(64, min(512, shared // 4))}MB",
        "max_worker_processes": str(max(8, cores)),
        "max_parallel_workers": str(max(2, cores)),
        "max_parallel_workers_per_gather": str(max(1, min(4, cores // 2))),
        "random_page_cost": "1.1",
        "jit": "off",
        # An acknowledged order survives a crash of the machine: none of these three is ever off.
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_compression": "pglz",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "autovacuum_naptime": "15s",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "logging_collector": "on",
        "log_directory": "'log'",
        "log_filename": "'postgresql-%a.log'",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        "log_file_mode": "0600",
        "log_lock_waits": "on",
        "log_min_duration_statement": "1s",
        # A statement's parameters are personal data: never in a log.
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "cluster_name": "'merx'",
    }
    if major >= 18:  # asynchronous reads
        values["io_method"] = "worker"
    lines = ["# Written by Merx at every start. Put your own values into operator.conf beside this file."]
    lines += [f"{name} = {value}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def initdb_arguments(major: int) -> list[str]:
    """Options of initdb: checksums, and an ordering that no upgrade of the C library can change."""
    options = ["--encoding=UTF8", "--data-checksums", f"--username={SUPERUSER}", "--auth=reject"]
    if major >= 17:  # the built-in locale provider
        return [*options, "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return [*options, "--locale=C"]


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
