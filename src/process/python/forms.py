"""Exceptions as plain values, which a caller in another language makes its errors of."""

import traceback

# How many causes of an exception, and exceptions inside exceptions, are told.
DEPTH = 8
# How many exceptions of a group are told, and how many in all: one may be inside many others.
INNER_MAX = 100
FORMS_MAX = 1000


def form_of(error, depth=0, told=None):
    """An exception as plain values. `told`: those that are told already."""
    told = [] if told is None else told
    if error is None or depth > DEPTH or len(told) >= FORMS_MAX:
        return None
    told.append(error)
    kind = type(error)
    form = {
        'name': kind.__name__,
        'module': kind.__module__,
        'message': text_of(error),
        'args': [plain(each) for each in error.args],
        'traceback': ''.join(traceback.format_exception(kind, error, without_ours(error.__traceback__), chain=depth == 0)),
    }
    cause = form_of(error.__cause__, depth + 1, told)
    context = None if error.__suppress_context__ else form_of(error.__context__, depth + 1, told)
    if cause:
        form['cause'] = cause
    if context and not cause:
        form['context'] = context
    inner = getattr(error, 'exceptions', None)
    if isinstance(inner, (list, tuple)):
        forms = [form_of(each, depth + 1, told) for each in inner[:INNER_MAX] if isinstance(each, BaseException)]
        form['exceptions'] = [each for each in forms if each is not None]
    return form


def text_of(error):
    try:
        return str(error)
    except Exception:
        return ''


def plain(value):
    """An argument of an exception, as it is where that is simple, else as text."""
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def without_ours(tb):
    """The traceback from the first frame on that is not carom's."""
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith('<carom '):
        tb = tb.tb_next
    return tb
