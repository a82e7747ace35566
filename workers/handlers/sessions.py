"""Jobs about sessions and sign-ins that are over."""

from agencies import device_keys, held_forms, logouts, sessions, sign_in
from marketplace.foundation.db import Tx
from workers.handling import handles


@handles("sessions.forget_ended")
def forget_ended(tx: Tx) -> None:
    sessions.forget_ended(tx)
    sign_in.forget_over(tx)
    logouts.forget_over(tx)
    held_forms.forget_over(tx)
    device_keys.forget_over(tx)
