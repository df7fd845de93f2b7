"""Exported tables onto a server, as somebody with tools of their own does it: by pymilvus alone."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pymilvus import DataType, MilvusClient


def import_tables(uri: str, folder: Path) -> None:
    """Make the tables that `tables.json` describes, and have the server read their files."""
    client = MilvusClient(uri)
    tables = json.loads((folder / "tables.json").read_text())["tables"]
    # Each waits for the server's clocks most of the time.
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda table: _import(client, folder, table), tables))
    client.close()


def _import(client: MilvusClient, folder: Path, table: dict[str, Any]) -> None:
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    for column in table["columns"]:
        size = "max_length" if column["type"] == "VARCHAR" else "dim"
        schema.add_field(
            column["name"],
            DataType[column["type"]],
            is_primary=column["name"] == table["primary_key"],
            **({size: column["size"]} if column["size"] else {}),
        )
    index = client.prepare_index_params()
    index.add_index(
        table["index"]["column"],
        index_type=table["index"]["type"],
        metric_type=table["metric"],
        params=table["index"]["params"],
    )
    client.create_collection(table["name"], schema=schema, index_params=index)
    server = client._get_connection()
    for file in table["files"]:
        job = server.do_bulk_insert(table["name"], "", [str(folder / file)])
        while (state := server.get_bulk_insert_state(job)).state_name != "Completed":
            assert "Failed" not in state.state_name, state.failed_reason
            time.sleep(0.2)
    client.refresh_load(table["name"])
