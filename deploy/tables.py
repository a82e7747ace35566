"""Every table there is: importing this module fills the metadata that migrations are compared with."""

from agencies import agreement_models as _agreements
from agencies import device_models as _device_models
from agencies import held_forms as _held_forms
from agencies import models as _agencies
from agencies import people_models as _people
from agencies.numbers import models as _numbers
from agencies.oversight import models as _oversight
from agencies.rules import models as _rules
from agencies.scim import models as _scim
from marketplace.foundation import idempotency as _idempotency
from marketplace.foundation import jobs as _jobs
from marketplace.foundation import leases as _leases
from marketplace.foundation import sequence as _sequence
from marketplace.foundation.db import Base
from security.log import models as _log
from tasks import models as _tasks

ROOMS = (
    _agencies,
    _device_models,
    _held_forms,
    _people,
    _numbers,
    _oversight,
    _idempotency,
    _jobs,
    _leases,
    _sequence,
    _log,
    _tasks,
    _rules,
    _agreements,
    _scim,
)

metadata = Base.metadata
