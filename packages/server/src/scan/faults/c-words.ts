const words = (list: string) => new Set(list.split(/\s+/));

/** What a type is made of without a name. */
export const baseTypes = words(
  'void bool char short int long float double signed unsigned _Bool _Complex __int128 wchar_t char8_t char16_t char32_t',
);
export const qualifiers = words(
  `const volatile restrict __restrict __restrict__ __const __volatile__ __volatile _Atomic static
  extern register inline __inline __inline__ typedef auto constexpr consteval constinit thread_local
  _Thread_local __thread mutable virtual explicit friend _Noreturn __extension__ noexcept typename`,
);
/** Of these there may be one in a declaration. */
export const onceOnly = words('static extern register typedef virtual explicit friend mutable');
export const aggregates = words('struct union enum class');
/** They are followed by what is in parentheses and is no expression. */
export const withGroup = words(
  `__attribute__ __attribute __declspec alignas _Alignas typeof __typeof__ __typeof decltype
  __asm__ asm __asm typeof_unqual __underlying_type _Pragma __pragma`,
);
export const statements = words(
  'if else while for do switch case default break continue goto return',
);
/** Operators that are words. */
export const prefixWords = words(
  `sizeof alignof _Alignof __alignof__ __alignof new delete throw co_await co_yield not compl
  typename template __extension__ __real__ __imag__ noexcept typeid`,
);
export const infixWords = words('and or xor bitand bitor not_eq and_eq or_eq xor_eq');
/** Words of C++ that are names in C. */
export const onlyCpp = words(
  `new delete throw co_await co_yield not compl typename template noexcept typeid and or xor bitand
  bitor not_eq and_eq or_eq xor_eq class constexpr consteval constinit thread_local mutable virtual
  explicit friend decltype alignas alignof try catch using namespace operator bool wchar_t char8_t
  char16_t char32_t`,
);

/** Names in lower case that are macros in wide use, or words of a dialect. */
export const knownMacros = words(
  `asmlinkage noinline foreach forever emit slots signals likely unlikely noreturn fallthrough
  override final true false pascal far near notrace always_inline export requires concept pure
  unused deprecated cdecl stdcall each vector pixel interface ref gcnew`,
);

/** Functions of the standard library, which are called as such even if they are macros. */
export const knownFunctions = words(
  `printf fprintf sprintf snprintf vprintf vfprintf vsnprintf puts fputs fputc putchar putc malloc
  calloc realloc free memcpy memset memmove memcmp strcpy strncpy strcat strncat strcmp strncmp
  strlen strchr strrchr strstr strdup abort exit atoi atol strtol strtoul fopen fclose fread fwrite
  fflush fseek open close read write ioctl perror va_start va_end va_copy qsort pthread_mutex_lock
  pthread_mutex_unlock usleep sleep signal getenv`,
);
