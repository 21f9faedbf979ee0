"""How a customer's number is dialled through a trunk, and the number the customer sees (D4). Pure."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from dialer.trunks.settings import NumberFormat, TrunkSettings

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def as_dialled(number: str, trunk: TrunkSettings) -> str:
    """`number` as the trunk wants it, behind its prefix; what is no subscriber's stays as it is."""
    return trunk.prefix + _formatted(number, trunk)


def caller_id_of(trunk: TrunkSettings, branch: str, default: str) -> str:
    """What a customer of this branch sees: the branch's number on this trunk, the trunk's, or `default`."""
    return trunk.caller_ids.get(branch) or trunk.caller_id or default


def _formatted(number: str, trunk: TrunkSettings) -> str:
    if trunk.format is NumberFormat.AS_IS:
        return number
    try:
        parsed = phonenumbers.parse(number, trunk.country)
    except NumberParseException:
        return number
    if not phonenumbers.is_valid_number(parsed):
        return number
    if phonenumbers.region_code_for_country_code(parsed.country_code or 0) != trunk.country:
        return _abroad(parsed, trunk)
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    match trunk.format:
        case NumberFormat.E164:
            return e164
        case NumberFormat.DIGITS:
            return e164.removeprefix("+")
        case NumberFormat.INTERNATIONAL:
            return "00" + e164.removeprefix("+")
        case NumberFormat.LOCAL:
            return _local(parsed, trunk)
    return _national(parsed)


def _abroad(parsed: PhoneNumber, trunk: TrunkSettings) -> str:
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if trunk.format is NumberFormat.E164:
        return e164
    return ("" if trunk.format is NumberFormat.DIGITS else "00") + e164.removeprefix("+")


def _national(parsed: PhoneNumber) -> str:
    national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return "".join(digit for digit in national if digit.isdigit())


def _local(parsed: PhoneNumber, trunk: TrunkSettings) -> str:
    # Which number belongs to which city is 100 MB of tables: only who needs them loads them.
    from phonenumbers import geocoder  # noqa: PLC0415

    here = trunk.city in geocoder.description_for_number(parsed, "zh")
    national = _national(parsed)
    if phonenumbers.number_type(parsed) in _MOBILE:
        # A mobile of a city that is not known is dialled as one of another: networks bear a 0 too many
        # better than one too few.
        return national if here else f"0{national}"
    code = phonenumbers.length_of_geographical_area_code(parsed)
    return phonenumbers.national_significant_number(parsed)[code:] if here and code else national
