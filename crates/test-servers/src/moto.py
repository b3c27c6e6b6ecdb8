"""moto_server, with one fault mended.

It dates the lines that jobs of AWS Batch wrote in fractions of a millisecond. CloudWatch Logs
has whole ones, and a client that goes by its model can't read such an answer.
"""

import moto.batch.models as batch
from moto.core.utils import unix_time_millis
from moto.server import main

batch.unix_time_millis = lambda moment=None: int(unix_time_millis(moment))
main()
