"""Pickles that ask for more than data, opcode by opcode; loading them otherwise may do harm."""

import pickle
from struct import pack

GLOBALS = [
    *("os.system", "posix.system", "nt.system", "subprocess.Popen", "commands.getoutput"),
    *("builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "builtins.getattr"),
    *("builtins.setattr", "builtins.type", "builtins.object", "builtins.__import__"),
    *("builtins.print", "builtins.map", "builtins.range", "builtins.slice", "builtins.complex"),
    *("__builtin__.eval", "__builtin__.file", "__builtin__.apply", "__builtin__.getattr"),
    *("numpy.load", "numpy.fromfile", "numpy.memmap", "numpy.matrix", "numpy.recarray"),
    *("numpy.core.multiarray.fromfile", "numpy.core.multiarray.array", "numpy.ufunc"),
    *("numpy.f2py.crackfortran.myeval", "numpy.testing._private.utils.runstring"),
    *("numpy.core.multiarray._reconstruct.__globals__", "numpy.dtype.__new__"),
    *("collections.OrderedDict.update", "collections.UserDict", "collections.deque"),
    *("pickle.loads", "_pickle.loads", "copyreg._reconstructor", "copy_reg._reconstructor"),
    *("importlib.import_module", "runpy.run_path", "ctypes.CDLL", "shutil.rmtree"),
    *("operator.attrgetter", "functools.partial", "codecs.decode", "_codecs.decode"),
    *("torch._utils._rebuild_tensor_v2", "torch.storage._load_from_bytes", "joblib.load"),
    *("pandas.core.frame.DataFrame", "webbrowser.open", "socket.socket", "ercbench.cli.main"),
]
OPCODES = ["INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"]
OPCODES += ["POP", "POP_MARK", "DUP", "NEXT_BUFFER", "READONLY_BUFFER", "LONG4"]
DTYPES = ["V8", "M8[ns]", "m8", "c16", "g", "f16", "i4,i4", "(2,)i4", "U99999999", "O9", "", "f8f8"]
BUILTINS = ["str", "list", "dict", "tuple", "int", "float"]


def text(value):
    return b"X" + pack("<I", len(value.encode())) + value.encode()


def number(value):
    return b"I%d\n" % value


def named(name):
    module, _, attribute = name.rpartition(".")
    return text(module) + text(attribute) + b"\x93"


def items(*parts):
    return b"(" + b"".join(parts) + b"t"


def call(name, *arguments):
    return named(name) + items(*arguments) + b"R"


def raw(size):
    return b"B" + pack("<I", size) + bytes(size)


def dtype(code, *state):
    return call("numpy.dtype", text(code), b"\x89", b"\x88") + (
        items(*state) + b"b" if state else b""
    )


def array(shape, code="f8", content=b"B\0\0\0\0", dtype_=None, fortran=b"\x89"):
    reconstruct = call(
        "numpy.core.multiarray._reconstruct", named("numpy.ndarray"), items(number(0)), raw(1)
    )
    state = items(number(1), items(*map(number, shape)), dtype_ or dtype(code), fortran, content)
    return reconstruct + state + b"b"


def shared(begin, end, times=60, kind=b"l"):
    """Containers of two references to the one before: small to write, endless to write out."""
    steps = (b"(" + 2 * (b"h" + bytes([place])) + kind + b"\x94" for place in range(times))
    return b"(" + begin + b"\x94" + b"".join(steps) + end + b"l"


def plain_state(code, order="<"):
    return [number(3), text(order), b"N", b"N", b"N", number(-1), number(-1), number(0)]


def named_kinds():
    """Returns hostile pickles by what is wrong with them."""
    structure = items(
        *(number(3), text("|"), b"N", items(text("a"))),
        *(b"(" + text("a") + items(dtype("O8"), number(0)) + b"d", number(8), number(1), number(0)),
    )
    objects = b"(" + text("AAAAAAAA") + b"l"
    deep = 20_000
    kinds = {
        "text of an array of forged objects": call(
            "builtins.str", array([2], dtype_=dtype("V8") + structure + b"b", content=raw(16))
        ),
        "array of forged objects": array(
            [2], dtype_=dtype("f8") + structure + b"b", content=raw(16)
        ),
        "array of objects from bytes": array([1], "O8", raw(8)),
        "array of more objects than there are": array([1000], "O8", objects),
        "array in itself": call(
            "numpy.core.multiarray._reconstruct", named("numpy.ndarray"), items(number(0)), raw(1)
        )
        + b"\x94"
        + items(number(1), items(number(1)), dtype("O8"), b"\x89", b"(h\0l")
        + b"b",
        "negative shape": array([-5], content=raw(3)),
        "two negative lengths": array([-1, -1], content=raw(8)),
        "terabytes of array": array([10**12], content=raw(8)),
        "shape beyond 64 bits": array([2**62, 8], content=raw(0)),
        "endless rows of nothing": array([10**15, 0], content=raw(0)),
        "too many dimensions": array([1] * 100, content=raw(8)),
        "fewer bytes than the shape": array([4], content=raw(8)),
        "more bytes than the shape": array([1], content=raw(16)),
        "shape of text": array([1], content=raw(8)).replace(b"I1\nt", text("1") + b"t"),
        "array called": call("numpy.ndarray", items(number(10**12)), text("u1")),
        "array with strides": call(
            *(
                "numpy.ndarray",
                items(number(4)),
                text("f8"),
                raw(8),
                number(0),
                items(number(10**6)),
            )
        ),
        "subclass of array": call(
            *("numpy.core.multiarray._reconstruct", named("numpy.dtype"), items(number(0)), raw(1))
        ),
        "buffer smaller than the shape": call(
            *("numpy.core.numeric._frombuffer", raw(8), dtype("f8")),
            *(items(number(10**9)), text("C")),
        ),
        "buffer of objects": call(
            *("numpy.core.numeric._frombuffer", raw(8), dtype("O8"), items(number(1)), text("C"))
        ),
        "scalar of an object": call("numpy.core.multiarray.scalar", dtype("O8"), raw(8)),
        "scalar of the wrong size": call("numpy.core.multiarray.scalar", dtype("f8"), raw(4)),
        "dtype of structures": array([1], content=raw(8), dtype_=dtype("f8") + structure + b"b"),
        "dtype with a strange order": array(
            [1], content=raw(8), dtype_=dtype("f8", *plain_state("f8", "O"))
        ),
        "dtype in an array's place": b"(" + dtype("f8") + b"l",
        "function as data": b"(" + named("numpy.ndarray") + b"l",
        "gigabytes of bytes": call("builtins.bytes", number(10**11)),
        "gigabytes of bytearray": call("builtins.bytearray", number(10**11)),
        "bytes by another codec": call("_codecs.encode", text("abc"), text("zlib")),
        "set of an array": call("builtins.set", array([1], content=raw(8))),
        "dict of text": call("collections.OrderedDict", text("ab")),
        "defaults of a function changed": named("numpy.core.numeric._frombuffer")
        + items(b"N", b"(" + text("__defaults__") + items(text("C")) + b"d")
        + b"b",
        "attributes of a dict changed": b"}" + b"(" + text("items") + text("x") + b"db",
        "attributes of a set changed": b"\x8f" + items(b"N", b"}") + b"b",
        "array filled by key": array([1], content=raw(8)) + number(0) + text("x") + b"s",
        "list filled by key": b"]" + number(0) + text("x") + b"s",
        "dict appended to": b"}" + number(0) + b"a",
        "function called without a tuple": named("builtins.set") + b"]R",
        "text called": text("x") + b")R",
        "result called": call("builtins.set") + b")R",
        "tuples in each other": b")" + deep * b"\x85",
        "lists in each other": deep * b"(" + deep * b"l",
        "dicts in each other": deep * (b"}" + text("a")) + b"N" + deep * b"s",
        "list in itself": b"]\x94(h\0h\0h\0e",
        "dict in itself": b"}\x94" + text("a") + b"h\0s",
        "text of deep tuples": call("builtins.str", b")" + deep * b"\x85"),
        "key of deep tuples": b"}(" + b")" + deep * b"\x85" + b"Nu",
        "key that never ends to hash": b"}(" + shared(b")", b"h\x3c", kind=b"t")[:-1] + b"tNu",
        "member of deep frozensets": b"(" * 2 + b"\x91\x91",
        "key that is an array": b"}" + array([1], content=raw(8)) + b"Ns",
        "billion laughs of lists": shared(b"]", b"h\x3c"),
        "billion laughs of tuples": shared(b")", b"h\x3c", kind=b"t"),
        "text of billion laughs": call("builtins.str", shared(b"]", b"h\x3c")),
        "eighteen laughs of long texts": b"("
        + text("x" * 10_000)
        + b"\x94"
        + b"".join(b"(" + 2 * (b"h" + bytes([i])) + b"l\x94" for i in range(18))
        + b"l",
        "numbers that collide": b"\x8f("
        + b"".join(b"L%dL\n" % (i * (2**61 - 1)) for i in range(2000))
        + b"\x90",
        "number of 255 bytes": b"\x8a\xff" + bytes(254) + b"\x01",
        "number of 4000 digits": b"I" + b"9" * 4000 + b"\n",
        "number of 100000 digits": b"I" + b"9" * 100_000 + b"\n",
        "text that claims terabytes": b"\x8d" + pack("<Q", 2**42) + b"x",
        "bytes that claim exabytes": b"\x8e" + pack("<Q", 2**62) + b"x",
        "bytearray that claims terabytes": b"\x96" + pack("<Q", 2**42) + b"x",
        "half a character": b"X\x03\0\0\0\xed\xa0\x80",
        "half an escaped character": b"V\\ud800\n",
        "array of no characters": array([1], "U1", b"B\4\0\0\0\xff\xff\xff\xff"),
        "array of half characters": array([1], "U1", b"B\4\0\0\0\0\xd8\0\0"),
        "memo that was never filled": b"h\xff",
        "nothing on the stack": b"R",
        "name that is no text": b"NN\x93",
        "protocol of the future": b"\x80\xff",
    }
    return {kind: content + b"." for kind, content in kinds.items()}


def families():
    """Returns hostile pickles of one form each, for many names, opcodes and types."""
    made = {}
    for name in GLOBALS:
        module, _, attribute = name.rpartition(".")
        made[f"global {name}"] = (
            b"c" + f"{module}\n{attribute}\n".encode() + text("true") + b"\x85R."
        )
        made[f"stack global {name}"] = call(name, text("true")) + b"."
    for name in OPCODES:
        code = getattr(pickle, name)
        made[f"opcode {name}"] = named("builtins.set") + b")" + code + b"\x01\0\0\0os\nsystem\n."
    for code in DTYPES:
        made[f"dtype {code}"] = array([1], code, raw(8)) + b"."
    for name in BUILTINS:
        made[f"call of {name}"] = call(f"builtins.{name}", text("12")) + b"."
        made[f"python 2's call of {name}"] = call(f"__builtin__.{name}", text("12")) + b"."
    return made


def all_hostile():
    return named_kinds() | families()
