"""What a task becomes, in Python: the mapping of the plan, for the peers that map row by row."""
from enum import Enum
from uuid import UUID, uuid5

NAMESPACE = UUID("cfb876f9-4e6b-5f83-a236-2b37d70f3a41")
PARENTS = ("orders", "templates", "profiles", "treatment_plans", "files")
COLUMNS = "id, order_id, template_id, assigned_to, treatment_plan_id, file_id, description, jaw_code, status, checked, completed_at, legacy_task_id"


class Status(Enum):
    pending = "pending"
    in_progress = "in_progress"
    completed = "completed"


def read(target):
    """The published keys of the parents: a dictionary from the legacy key for each of PARENTS."""
    maps = {name: {} for name in PARENTS}
    with target.cursor(binary=True) as cursor:
        for name in PARENTS:
            cursor.execute("select legacy_id::int, new_id from migration_mappings where entity_type = %s", [name])
            maps[name].update(cursor.fetchall())
    return maps


def task(row, maps):
    """The values of COLUMNS of a source row; None where the order is not there (etl holds such a row in quarantine)."""
    id_, checked, file_id, template_id, done_at, text, plan_id, instruction_id, actor_id, jaw = row
    order = maps["orders"].get(instruction_id)
    if order is None:
        return None
    status = Status.completed if checked and done_at is not None else Status.in_progress if checked else Status.pending
    return (uuid5(NAMESPACE, f"tasks:{id_}"), order, maps["templates"].get(template_id), maps["profiles"].get(actor_id),
            maps["treatment_plans"].get(plan_id), maps["files"].get(file_id), text, jaw, status, checked, done_at, id_)
