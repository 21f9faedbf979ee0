"""The AMI link: panoramisk's client, with every fault of it mended (docs/decisions).

`wire` reads and writes the protocol purely, `protocol` and `manager` are panoramisk's classes made safe,
`outbox` hands events on in order, `devices` knows which phones can be reached.
"""

from asterisk.ami.faults import LinkFault
from asterisk.ami.manager import AmiManager, AmiTimes
from asterisk.ami.wire import Fields, HeaderRefused

__all__ = ["AmiManager", "AmiTimes", "Fields", "HeaderRefused", "LinkFault"]
