// Written by .ci/python-names.py.

/** Modules of Python 2, by what they are called now. */
export const MOVED_MODULES: ReadonlyMap<string, string> = pairs(`
  BaseHTTPServer:http.server CGIHTTPServer:http.server ConfigParser:configparser Cookie:http.cookies
  Dialog:tkinter.dialog DocXMLRPCServer:xmlrpc.server FileDialog:tkinter.filedialog HTMLParser:html.parser Queue:queue
  ScrolledText:tkinter.scrolledtext SimpleDialog:tkinter.simpledialog SimpleHTTPServer:http.server
  SimpleXMLRPCServer:xmlrpc.server SocketServer:socketserver StringIO:io Tkconstants:tkinter.constants
  Tkdnd:tkinter.dnd Tkinter:tkinter UserDict:collections UserList:collections UserString:collections
  __builtin__:builtins _abcoll:collections.abc _elementtree:xml.etree.ElementTree _winreg:winreg anydbm:dbm
  cPickle:pickle cStringIO:io commands:subprocess cookielib:http.cookiejar copy_reg:copyreg dbhash:dbm.bsd dbm:dbm.ndbm
  dumbdbm:dbm.dumb dummy_thread:_dummy_thread exceptions:builtins gdbm:dbm.gnu htmlentitydefs:html.entities
  httplib:http.client markupbase:_markupbase repr:reprlib robotparser:urllib.robotparser test.test_support:test.support
  thread:_thread tkColorChooser:tkinter.colorchooser tkCommonDialog:tkinter.commondialog
  tkFileDialog:tkinter.filedialog tkFont:tkinter.font tkMessageBox:tkinter.messagebox
  tkSimpleDialog:tkinter.simpledialog ttk:tkinter.ttk urllib2:urllib.request urlparse:urllib.parse whichdb:dbm
  xmlrpclib:xmlrpc.client
`)

/** Names of Python 2, by what they are called now, each with its module. */
export const MOVED_NAMES: ReadonlyMap<string, string> = pairs(`
  UserDict.IterableUserDict:collections.UserDict UserDict.UserDict:collections.UserDict
  UserList.UserList:collections.UserList UserString.UserString:collections.UserString
  __builtin__.basestring:builtins.str __builtin__.intern:sys.intern __builtin__.long:builtins.int
  __builtin__.reduce:functools.reduce __builtin__.unichr:builtins.chr __builtin__.unicode:builtins.str
  __builtin__.xrange:builtins.range _multiprocessing.Connection:multiprocessing.connection.Connection
  _socket.fromfd:socket.fromfd exceptions.StandardError:builtins.Exception itertools.ifilter:builtins.filter
  itertools.ifilterfalse:itertools.filterfalse itertools.imap:builtins.map itertools.izip:builtins.zip
  itertools.izip_longest:itertools.zip_longest
  multiprocessing.AuthenticationError:multiprocessing.context.AuthenticationError
  multiprocessing.BufferTooShort:multiprocessing.context.BufferTooShort
  multiprocessing.ProcessError:multiprocessing.context.ProcessError
  multiprocessing.TimeoutError:multiprocessing.context.TimeoutError
  multiprocessing.forking.Popen:multiprocessing.popen_fork.Popen
  multiprocessing.process.Process:multiprocessing.context.Process socket._socketobject:socket.SocketType
  urllib.ContentTooShortError:urllib.error.ContentTooShortError urllib.getproxies:urllib.request.getproxies
  urllib.pathname2url:urllib.request.pathname2url urllib.quote:urllib.parse.quote
  urllib.quote_plus:urllib.parse.quote_plus urllib.unquote:urllib.parse.unquote
  urllib.unquote_plus:urllib.parse.unquote_plus urllib.url2pathname:urllib.request.url2pathname
  urllib.urlcleanup:urllib.request.urlcleanup urllib.urlencode:urllib.parse.urlencode
  urllib.urlopen:urllib.request.urlopen urllib.urlretrieve:urllib.request.urlretrieve
  urllib2.HTTPError:urllib.error.HTTPError urllib2.URLError:urllib.error.URLError whichdb.whichdb:dbm.whichdb
`)

/** The exceptions of the standard library, of all Pythons from 3.6 on, by their modules. */
export const EXCEPTION_NAMES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [
    `builtins: ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError
      BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError
      ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError EncodingWarning Exception ExceptionGroup
      FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit ImportError ImportWarning
      IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
      ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError OverflowError
      PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursingInfinitelyError
      RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration
      SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError TypeError UnboundLocalError
      UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError
      Warning ZeroDivisionError _IncompleteInputError`,
    `_csv: Error`,
    `_curses: error`,
    `_curses_panel: error`,
    `_frozen_importlib: _DeadlockError`,
    `_hashlib: UnsupportedDigestmodError`,
    `_interpchannels: ChannelClosedError ChannelEmptyError ChannelError ChannelNotEmptyError ChannelNotFoundError`,
    `_lzma: LZMAError`,
    `_pickle: PickleError PicklingError UnpicklingError`,
    `_pyrepl._minimal_curses: error`,
    `_pyrepl.keymap: KeySpecError`,
    `_pyrepl.unix_console: InvalidTerminal`,
    `_queue: Empty`,
    `_tkinter: TclError`,
    `aifc: Error`,
    `argparse: ArgumentError ArgumentTypeError`,
    `asyncio.base_futures: InvalidStateError`,
    `asyncio.events: SendfileNotAvailableError`,
    `asyncio.exceptions: BrokenBarrierError CancelledError IncompleteReadError InvalidStateError LimitOverrunError
      SendfileNotAvailableError TimeoutError`,
    `asyncio.queues: QueueEmpty QueueFull QueueShutDown`,
    `asyncio.streams: IncompleteReadError LimitOverrunError`,
    `asyncore: ExitNow`,
    `audioop: error`,
    `bdb: BdbQuit`,
    `binascii: Error Incomplete`,
    `binhex: Error`,
    `calendar: IllegalMonthError IllegalWeekdayError`,
    `concurrent.futures._base: BrokenExecutor CancelledError Error InvalidStateError TimeoutError`,
    `concurrent.futures.process: BrokenProcessPool _RemoteTraceback`,
    `concurrent.futures.thread: BrokenThreadPool`,
    `configparser: DuplicateOptionError DuplicateSectionError Error InterpolationDepthError InterpolationError
      InterpolationMissingOptionError InterpolationSyntaxError MissingSectionHeaderError MultilineContinuationError
      NoOptionError NoSectionError ParsingError`,
    `copy: Error`,
    `ctypes: ArgumentError`,
    `dataclasses: FrozenInstanceError`,
    `dbm: error`,
    `dbm.sqlite3: error`,
    `decimal: Clamped ConversionSyntax DecimalException DivisionByZero DivisionImpossible DivisionUndefined
      FloatOperation Inexact InvalidContext InvalidOperation Overflow Rounded Subnormal Underflow`,
    `distutils.errors: CCompilerError CompileError DistutilsArgError DistutilsByteCompileError DistutilsClassError
      DistutilsError DistutilsExecError DistutilsFileError DistutilsGetoptError DistutilsInternalError
      DistutilsModuleError DistutilsOptionError DistutilsPlatformError DistutilsSetupError DistutilsTemplateError
      LibError LinkError PreprocessError UnknownFileError`,
    `doctest: DocTestFailure UnexpectedException`,
    `email._header_value_parser: _InvalidEwError`,
    `email.errors: BoundaryError CharsetError CloseBoundaryNotFoundDefect FirstHeaderLineIsContinuationDefect
      HeaderDefect HeaderMissingRequiredValue HeaderParseError HeaderWriteError InvalidBase64CharactersDefect
      InvalidBase64LengthDefect InvalidBase64PaddingDefect InvalidDateDefect InvalidHeaderDefect
      InvalidMultipartContentTransferEncodingDefect MessageDefect MessageError MessageParseError
      MisplacedEnvelopeHeaderDefect MissingHeaderBodySeparatorDefect MultipartConversionError
      MultipartInvariantViolationDefect NoBoundaryInMultipartDefect NonASCIILocalPartDefect NonPrintableDefect
      ObsoleteHeaderDefect StartBoundaryNotFoundDefect UndecodableBytesDefect`,
    `encodings: CodecRegistryError`,
    `ftplib: Error error_perm error_proto error_reply error_temp`,
    `getopt: GetoptError`,
    `getpass: GetPassWarning`,
    `graphlib: CycleError`,
    `gzip: BadGzipFile`,
    `http.client: BadStatusLine CannotSendHeader CannotSendRequest HTTPException ImproperConnectionState
      IncompleteRead InvalidURL LineTooLong NotConnected RemoteDisconnected ResponseNotReady UnimplementedFileMode
      UnknownProtocol UnknownTransferEncoding`,
    `http.cookiejar: LoadError`,
    `http.cookies: CookieError`,
    `imaplib: IMAP4.abort IMAP4.error IMAP4.readonly`,
    `importlib._bootstrap: _DeadlockError`,
    `importlib.metadata: PackageNotFoundError`,
    `importlib.resources.abc: TraversalError`,
    `inspect: ClassFoundException EndOfBlock`,
    `interpreters: InterpreterError InterpreterNotFoundError NotShareableError`,
    `io: UnsupportedOperation`,
    `ipaddress: AddressValueError NetmaskValueError`,
    `json.decoder: JSONDecodeError`,
    `locale: Error`,
    `macpath: norm_error`,
    `mailbox: Error ExternalClashError FormatError NoSuchMailboxError NotEmptyError`,
    `mailcap: UnsafeMailcapInput`,
    `multiprocessing.context: AuthenticationError BufferTooShort ProcessError TimeoutError`,
    `multiprocessing.managers: RemoteError`,
    `multiprocessing.pool: MaybeEncodingError RemoteTraceback`,
    `multiprocessing.resource_tracker: ReentrantCallError`,
    `netrc: NetrcParseError`,
    `nis: error`,
    `nntplib: NNTPDataError NNTPError NNTPPermanentError NNTPProtocolError NNTPReplyError NNTPTemporaryError`,
    `optparse: AmbiguousOptionError BadOptionError OptParseError OptionConflictError OptionError OptionValueError`,
    `ossaudiodev: OSSAudioError`,
    `parser: ParserError`,
    `pathlib._abc: UnsupportedOperation`,
    `pdb: Restart`,
    `pickle: _Stop`,
    `plistlib: InvalidFileException`,
    `poplib: error_proto`,
    `py_compile: PyCompileError`,
    `pydoc: ErrorDuringImport`,
    `queue: Empty Full ShutDown`,
    `re: PatternError error`,
    `runpy: _Error`,
    `shutil: Error ExecError ReadError RegistryError SameFileError SpecialFileError _GiveupOnFastCopy`,
    `signal: ItimerError itimer_error`,
    `smtplib: SMTPAuthenticationError SMTPConnectError SMTPDataError SMTPException SMTPHeloError SMTPNotSupportedError
      SMTPRecipientsRefused SMTPResponseException SMTPSenderRefused SMTPServerDisconnected`,
    `socket: _GiveupOnSendfile gaierror herror timeout`,
    `sqlite3: DataError DatabaseError Error IntegrityError InterfaceError InternalError NotSupportedError
      OperationalError ProgrammingError Warning`,
    `sre_constants: error`,
    `sre_parse: Verbose`,
    `ssl: CertificateError SSLCertVerificationError SSLEOFError SSLError SSLSyscallError SSLWantReadError
      SSLWantWriteError SSLZeroReturnError`,
    `statistics: StatisticsError`,
    `struct: error`,
    `subprocess: CalledProcessError SubprocessError TimeoutExpired`,
    `sunau: Error`,
    `tabnanny: NannyNag`,
    `tarfile: AbsoluteLinkError AbsolutePathError CompressionError EOFHeaderError EmptyHeaderError ExtractError
      FilterError HeaderError InvalidHeaderError LinkOutsideDestinationError OutsideDestinationError ReadError
      SpecialFileError StreamError SubsequentHeaderError TarError TruncatedHeaderError`,
    `termios: error`,
    `threading: BrokenBarrierError`,
    `tokenize: StopTokenizing TokenError`,
    `tomllib: TOMLDecodeError`,
    `unittest.case: SkipTest _ShouldStop _UnexpectedSuccess`,
    `unittest.mock: InvalidSpecError`,
    `urllib.error: ContentTooShortError HTTPError URLError`,
    `uu: Error`,
    `warnings: _OptionError`,
    `wave: Error`,
    `webbrowser: Error`,
    `wsgiref.validate: WSGIWarning`,
    `xdrlib: ConversionError Error`,
    `xml.dom: DOMException DomstringSizeErr HierarchyRequestErr IndexSizeErr InuseAttributeErr InvalidAccessErr
      InvalidCharacterErr InvalidModificationErr InvalidStateErr NamespaceErr NoDataAllowedErr NoModificationAllowedErr
      NotFoundErr NotSupportedErr SyntaxErr ValidationErr WrongDocumentErr`,
    `xml.dom.expatbuilder: ParseEscape`,
    `xml.etree.ElementInclude: FatalIncludeError LimitedRecursiveIncludeError`,
    `xml.etree.ElementTree: ParseError`,
    `xml.parsers.expat: ExpatError`,
    `xml.sax._exceptions: SAXException SAXNotRecognizedException SAXNotSupportedException SAXParseException
      SAXReaderNotAvailable`,
    `xmlrpc.client: Error Fault ProtocolError ResponseError`,
    `zipapp: ZipAppError`,
    `zipfile: BadZipFile LargeZipFile`,
    `zipimport: ZipImportError`,
    `zlib: error`,
    `zoneinfo._common: ZoneInfoNotFoundError`,
    `zoneinfo._tzpath: InvalidTZPathWarning`,
  ].map((line) => {
    const [module = '', ...names] = line.split(/[:\s]+/)
    return [module, new Set(names)] as const
  }),
)

function pairs(text: string): Map<string, string> {
  return new Map(
    text
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split(':') as [string, string]),
  )
}
