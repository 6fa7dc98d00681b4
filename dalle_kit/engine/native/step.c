/* One step of a Llama-like model on the CPU: any number of tokens of any number of rows, through all layers at once.

   Weights are panels of 4 or 8 bits, as dalle_kit/models/panels.py describes them; all else is float32. Only what a matrix
   is multiplied by is rounded, to 16 bits for each group of 32, where the processor multiplies integers quickest. Each
   number is computed by one thread in one fixed order, whatever else is in the step, so that a row's text does not depend
   on its neighbours or on the number of threads.

   A step is a list of phases, each of a number of units that are independent of each other. Each thread has a range of
   them, so that it reads memory in one direction, and draws from the others' when it is through. None ever waits for a
   thread that has no unit in hand: where other programs keep a core busy, the others do its work. */

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__AVX2__) && defined(__F16C__)
#include <immintrin.h>
#define INTEGERS 1
#else
#define INTEGERS 0
#endif
#if INTEGERS && defined(__AVX512VNNI__) && defined(__AVX512VBMI__)
#define WIDE 1
#else
#define WIDE 0
#endif
#if defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define NEON 1
#else
#define NEON 0
#endif
#if NEON && defined(__ARM_FEATURE_DOTPROD)
#define DOTS 1
#else
#define DOTS 0
#endif

/* Loops whose sums stay in registers only if nothing is left of the loop; clang does not heed gcc's word for it. */
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

/* Of vectors wider than its registers gcc makes code for ARM that keeps every sum in memory. */
enum { ROWS = 16, LANES = NEON ? 4 : 16, PARTS = ROWS / LANES, GROUP = 32, PAGE = 32, TILE = WIDE ? 16 : 8 };
enum { QUERIES = 4, TOKENS = NEON ? 16 : PAGE, SIDES = NEON ? 2 : 1, MOST_THREADS = 64, AHEAD = 3200 };

typedef float Lanes __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t Words __attribute__((vector_size(4 * LANES), aligned(1)));

typedef struct {
    const uint8_t *blocks; /* (rows / 16, columns / 32, block) */
    const float *bias;     /* (rows) or null */
    int32_t rows, columns, bits;
} Matrix;

typedef struct {
    const float *norm_attention;
    Matrix q, k, v, out;
    const float *norm_mlp;
    Matrix gate, up, down;
} Layer;

typedef struct {
    int32_t layers, width, heads, kv_heads, head_width, inner;
    float epsilon;
    const float *frequencies; /* (head_width / 2) */
    const float *norm;
    Matrix embedding, head;
    const Layer *each;
} Model;

/* The tokens of a step. A row's keys and values lie in pages of 32 tokens: for each layer first the keys, (kv_heads,
   head_width, 32), then the values, (kv_heads, 32, head_width). */
typedef struct {
    int32_t count, outputs;
    const int32_t *tokens, *positions; /* (count): one below zero stands for the vector -1 - token */
    const int32_t *first_pages;        /* (count): where in ``pages`` those of the token's row begin */
    float *const *pages;
    const int32_t *wanted; /* (outputs): the tokens after which logits are wanted */
    float *logits;         /* (outputs, vocabulary), or null for states */
    float *states;         /* (outputs, width), or null: after the last layer's norm, where there are no logits */
    const float *vectors;  /* (vectors, width): what is read in place of a token's embedding */
    const float *added;    /* (outputs, width), or null: to what the head reads */
    const float *const *steering; /* (count), or null: what is added after each layer, (layers, width), null for none */
    float *after;                 /* (outputs, layers, width), or null: the residual stream after each layer */
} Batch;

/* ---- numbers ---- */

static inline Lanes lanes_of(float value) { return (Lanes){0} + value; }

static inline Lanes smaller(Lanes a, Lanes b) {
    const Words is_smaller = a < b;
    return (Lanes)(((Words)a & is_smaller) | ((Words)b & ~is_smaller));
}

static inline Lanes larger(Lanes a, Lanes b) { return -smaller(-a, -b); }

static inline Lanes halves(const uint8_t *from) {
#if WIDE
    return (Lanes)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
#elif INTEGERS
    Lanes result;
    for (int half = 0; half < 2; half++)
        _mm256_storeu_ps(
            (float *)&result + 8 * half, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + 16 * half)))
        );
    return result;
#elif NEON
    return (Lanes)vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from)));
#else
    /* A half's exponent and fraction, shifted into a float's, are the number times 2^-112. */
    Lanes result;
    for (int lane = 0; lane < LANES; lane++) {
        uint16_t half;
        memcpy(&half, from + 2 * lane, 2);
        uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
        float value;
        memcpy(&value, &bits, 4);
        value *= 0x1p112f;
        result[lane] = half & 0x8000 ? -value : value;
    }
    return result;
#endif
}

static inline float sum_of(Lanes values) {
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += values[lane];
    return total;
}

/* exp, its argument held to where a float can hold it: the polynomial of Cephes. */
static inline Lanes exponential(Lanes x) {
    x = larger(smaller(x, lanes_of(88.0f)), lanes_of(-87.0f));
    Lanes shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: the sum's last bits are the rounded quotient */
    Words power;
    memcpy(&power, &shifted, sizeof power);
    Lanes quotient = shifted - 12582912.0f;
    Lanes rest = x - quotient * 0.693359375f;
    rest = rest - quotient * -2.12194440e-4f;
    Lanes series = lanes_of(1.9875691500e-4f);
    series = series * rest + 1.3981999507e-3f;
    series = series * rest + 8.3334519073e-3f;
    series = series * rest + 4.1665795894e-2f;
    series = series * rest + 1.6666665459e-1f;
    series = series * rest + 5.0000001201e-1f;
    series = series * (rest * rest) + rest + 1.0f;
    power = (power + (127 - 0x4b400000)) << 23;
    Lanes scale;
    memcpy(&scale, &power, sizeof scale);
    return series * scale;
}

static inline Lanes silu(Lanes x) { return x / (1.0f + exponential(-x)); }

/* ---- matrices ---- */

static inline int block_size(const Matrix *matrix) { return matrix->bits == 4 ? 320 : 544; }

/* 32 neighbours of a vector that matrices are multiplied by, and their sum. */
#if INTEGERS
typedef struct {
    /* Numbers of 16 bits, times ``scale``: once in the order of the columns, once each of four followed by the one four
       after it, as codes of 4 bits come out of a word. */
    int16_t values[GROUP], split[GROUP];
    float scale, sum;
} Operand;
#elif DOTS
typedef struct {
    /* Numbers of 16 bits, times ``scale``, as 256 * upper + lower: once in the order of the columns, once of each eight
       the even ones before the odd ones, as codes of 4 bits come out of bytes. */
    int8_t upper[GROUP], lower[GROUP], split_upper[GROUP], split_lower[GROUP];
    float scale, sum;
} Operand;
#else
typedef struct {
    float values[GROUP], sum;
} Operand;
#endif

static inline void set_operand(Operand *to, const Lanes *values) {
#if INTEGERS
    __m256 from[4], most = _mm256_setzero_ps();
    memcpy(from, values, sizeof from);
    for (int part = 0; part < 4; part++)
        most = _mm256_max_ps(most, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), from[part]));
    __m128 largest = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
    largest = _mm_max_ps(largest, _mm_movehl_ps(largest, largest));
    const float peak = _mm_cvtss_f32(_mm_max_ss(largest, _mm_movehdup_ps(largest)));
    const float factor = peak > 0 ? 32639.0f / peak : 0;
    const __m256i apart =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    __m256i total = _mm256_setzero_si256();
    for (int half = 0; half < 2; half++) {
        const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(from[2 * half], _mm256_set1_ps(factor)));
        const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(from[2 * half + 1], _mm256_set1_ps(factor)));
        const __m256i rounded = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
        _mm256_storeu_si256((__m256i *)(to->values + 16 * half), rounded);
        _mm256_storeu_si256((__m256i *)(to->split + 16 * half), _mm256_shuffle_epi8(rounded, apart));
        total = _mm256_add_epi32(total, _mm256_add_epi32(low, high));
    }
    __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
    to->scale = peak / 32639.0f;
    to->sum = to->scale * (float)_mm_cvtsi128_si32(sums);
#elif DOTS
    float32x4_t most = vdupq_n_f32(0);
    for (int part = 0; part < GROUP / LANES; part++) most = vmaxq_f32(most, vabsq_f32((float32x4_t)values[part]));
    const float peak = vmaxvq_f32(most), factor = peak > 0 ? 32639.0f / peak : 0;
    const uint8x16_t apart = {0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15};
    int32x4_t total = vdupq_n_s32(0);
    for (int half = 0; half < 2; half++) {
        int32x4_t rounded[4];
        int16x8_t numbers[2];
        for (int part = 0; part < 4; part++) {
            rounded[part] = vcvtnq_s32_f32(vmulq_n_f32((float32x4_t)values[4 * half + part], factor));
            total = vaddq_s32(total, rounded[part]);
        }
        for (int side = 0; side < 2; side++)
            numbers[side] = vcombine_s16(vqmovn_s32(rounded[2 * side]), vqmovn_s32(rounded[2 * side + 1]));
        const int8x16_t upper = vcombine_s8(vrshrn_n_s16(numbers[0], 8), vrshrn_n_s16(numbers[1], 8));
        const int8x16_t lower = vcombine_s8(vmovn_s16(numbers[0]), vmovn_s16(numbers[1]));
        vst1q_s8(to->upper + 16 * half, upper), vst1q_s8(to->lower + 16 * half, lower);
        vst1q_s8(to->split_upper + 16 * half, vqtbl1q_s8(upper, apart));
        vst1q_s8(to->split_lower + 16 * half, vqtbl1q_s8(lower, apart));
    }
    to->scale = peak / 32639.0f;
    to->sum = to->scale * (float)vaddvq_s32(total);
#else
    Lanes total = values[0];
    for (int part = 1; part < GROUP / LANES; part++) total += values[part];
    memcpy(to->values, values, sizeof to->values);
    to->sum = sum_of(total);
#endif
}

static void set_operands(Operand *to, const float *values, int count) {
    for (int start = 0; start < count; start += GROUP) set_operand(to++, (const Lanes *)(values + start));
}

#if INTEGERS

/* Two neighbours among the numbers of an operand. */
static inline int32_t pair(const int16_t *from) {
    int32_t two;
    memcpy(&two, from, 4);
    return two;
}

static inline __m256i add_products(__m256i to, __m256i some, __m256i others) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    return _mm256_dpwssd_epi32(to, some, others);
#elif defined(__AVXVNNI__)
    return _mm256_dpwssd_avx_epi32(to, some, others);
#else
    to = _mm256_add_epi32(to, _mm256_madd_epi16(some, others));
    __asm__("" : "+x"(to)); /* gcc would else add the products of several columns first, for which it lacks registers */
    return to;
#endif
}

#endif

/* How many parts of a panel's 16 rows are multiplied at once: as many as leave the sums in registers. */
static inline int parts_at_once(int count) {
    if (PARTS == 1 || count > 3) return 1;
    return count == 1 ? PARTS : PARTS / 2;
}

/* Each ``multiply_group`` gives the products of one group of a panel with ``count`` operands, ``stride`` apart: of the
   rows from part ``first`` on, as many as go at once. Those of integers are the same to the bit. */
#if WIDE

static inline __attribute__((always_inline)) void multiply_group(
    const int count, const int bits, const uint8_t *block, const Operand *x, int stride, int first,
    Lanes (*products)[PARTS]
) {
    __m512i totals[TILE];
    for (int row = 0; row < count; row++) totals[row] = _mm512_setzero_si512();
    const uint8_t *from = block + (bits == 4 ? 64 : 32);
    /* Two columns of 16 rows to the upper bytes of two numbers for each row: the first of four columns, the second two. */
    const __m512i even = _mm512_add_epi32(
        _mm512_set1_epi32(0x10000000),
        _mm512_mullo_epi32(
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(0x01010101)
        )
    );
    const __m512i odd = _mm512_or_si512(even, _mm512_set1_epi32(0x20202020)), mask = _mm512_set1_epi32(0x000f000f);
    (void)first;
    UNROLLED
    for (int two = 0; two < GROUP / 2; two++) {
        __m512i weights;
        if (bits == 4)
            weights = _mm512_and_si512(
                _mm512_srli_epi32(_mm512_loadu_si512(from + two / 4 * 64), 4 * (two % 4)), mask
            );
        else
            weights = _mm512_srai_epi16(
                _mm512_maskz_permutexvar_epi8(
                    0xaaaaaaaaaaaaaaaa, two % 2 ? odd : even, _mm512_loadu_si512(from + two / 2 * 64)
                ),
                8
            );
        UNROLLED
        for (int row = 0; row < count; row++) {
            const Operand *operand = x + (size_t)row * stride;
            const int16_t *numbers = bits == 4 ? operand->split : operand->values;
            totals[row] = _mm512_dpwssd_epi32(totals[row], weights, _mm512_set1_epi32(pair(numbers + 2 * two)));
        }
    }
    for (int row = 0; row < count; row++)
        products[row][0] = (Lanes)_mm512_cvtepi32_ps(totals[row]) * x[(size_t)row * stride].scale;
}

#elif INTEGERS

static inline __attribute__((always_inline)) void multiply_group(
    const int count, const int bits, const uint8_t *block, const Operand *x, int stride, int first,
    Lanes (*products)[PARTS]
) {
    const __m256i mask = _mm256_set1_epi32(0x000f000f);
    (void)first;
    for (int half = 0; half < 2; half++) {
        const uint8_t *from = block + (bits == 4 ? 64 + 32 * half : 32 + 8 * half);
        __m256i totals[TILE];
        for (int row = 0; row < count; row++) totals[row] = _mm256_setzero_si256();
#pragma GCC unroll 1
        for (int eight = 0; eight < GROUP; eight += 8)
            UNROLLED
            for (int two = 0; two < 4; two++) {
                __m256i weights;
                if (bits == 4) {
                    weights = _mm256_loadu_si256((const __m256i *)(from + 8 * eight));
                    weights = _mm256_and_si256(_mm256_srli_epi32(weights, 4 * two), mask);
                } else {
                    const __m128i even = _mm_loadl_epi64((const __m128i *)(from + 16 * eight + 32 * two));
                    const __m128i odd = _mm_loadl_epi64((const __m128i *)(from + 16 * eight + 32 * two + 16));
                    weights = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(even, odd));
                }
                UNROLLED
                for (int row = 0; row < count; row++) {
                    const Operand *operand = x + (size_t)row * stride;
                    const int16_t *numbers = (bits == 4 ? operand->split : operand->values) + eight + 2 * two;
                    totals[row] = add_products(totals[row], weights, _mm256_set1_epi32(pair(numbers)));
                }
            }
        for (int row = 0; row < count; row++)
            _mm256_storeu_ps(
                (float *)(products + row) + 8 * half,
                _mm256_mul_ps(_mm256_cvtepi32_ps(totals[row]), _mm256_set1_ps(x[(size_t)row * stride].scale))
            );
    }
}

#elif DOTS

/* Columns 4 * four to 4 * four + 3 of a part's rows, four of each row one after another. */
static inline int8x16_t four_columns(const uint8_t *from, int bits, int four, int part) {
    if (bits == 4) {
        const uint8x16_t bytes = vld1q_u8(from + four / 2 * 64 + part * 16);
        return vreinterpretq_s8_u8(four % 2 ? vshrq_n_u8(bytes, 4) : vandq_u8(bytes, vdupq_n_u8(15)));
    }
    const int8_t *columns = (const int8_t *)from + 64 * four;
    const int8x16_t first = vld1q_s8(columns), second = vld1q_s8(columns + 16);
    const int8x16_t third = vld1q_s8(columns + 32), fourth = vld1q_s8(columns + 48);
    const int8x16_t low = part < 2 ? vzip1q_s8(first, second) : vzip2q_s8(first, second);
    const int8x16_t high = part < 2 ? vzip1q_s8(third, fourth) : vzip2q_s8(third, fourth);
    const int16x8_t lower = vreinterpretq_s16_s8(low), upper = vreinterpretq_s16_s8(high);
    return vreinterpretq_s8_s16(part % 2 ? vzip2q_s16(lower, upper) : vzip1q_s16(lower, upper));
}

static inline int32x4_t add_dots(int32x4_t to, const int8x16_t weights[4], int8x16_t numbers) {
    to = vdotq_laneq_s32(to, weights[0], numbers, 0);
    to = vdotq_laneq_s32(to, weights[1], numbers, 1);
    to = vdotq_laneq_s32(to, weights[2], numbers, 2);
    return vdotq_laneq_s32(to, weights[3], numbers, 3);
}

static inline __attribute__((always_inline)) void multiply_group(
    const int count, const int bits, const uint8_t *block, const Operand *x, int stride, int first,
    Lanes (*products)[PARTS]
) {
    const int parts = parts_at_once(count);
    const uint8_t *from = block + (bits == 4 ? 64 : 32);
    int32x4_t upper[TILE][PARTS], lower[TILE][PARTS];
    for (int row = 0; row < count; row++)
        for (int part = 0; part < parts; part++) upper[row][part] = lower[row][part] = vdupq_n_s32(0);
    for (int half = 0; half < 2; half++) {
        int8x16_t weights[PARTS][4];
        for (int part = 0; part < parts; part++)
            for (int four = 0; four < 4; four++)
                weights[part][four] = four_columns(from, bits, 4 * half + four, first + part);
        for (int row = 0; row < count; row++) {
            const Operand *operand = x + (size_t)row * stride;
            const int8x16_t uppers = vld1q_s8((bits == 4 ? operand->split_upper : operand->upper) + 16 * half);
            const int8x16_t lowers = vld1q_s8((bits == 4 ? operand->split_lower : operand->lower) + 16 * half);
            for (int part = 0; part < parts; part++) {
                upper[row][part] = add_dots(upper[row][part], weights[part], uppers);
                lower[row][part] = add_dots(lower[row][part], weights[part], lowers);
            }
        }
    }
    for (int row = 0; row < count; row++)
        for (int part = 0; part < parts; part++) {
            const int32x4_t total = vaddq_s32(vshlq_n_s32(upper[row][part], 8), lower[row][part]);
            products[row][part] = (Lanes)vmulq_n_f32(vcvtq_f32_s32(total), x[(size_t)row * stride].scale);
        }
}

#else

/* The codes of a part's rows in one column of the 8 that ``from`` holds: words of 8 codes for each row, or 16 bytes for
   each column. */
static inline Lanes codes(const uint8_t *from, int bits, int column, int part) {
    if (bits == 4) {
        const Words words = *(const Words *)(from + 4 * LANES * part);
        return __builtin_convertvector((words >> (4 * column)) & 15, Lanes);
    }
    const int8_t *bytes = (const int8_t *)from + ROWS * column + LANES * part;
#if NEON
    uint32_t four;
    memcpy(&four, bytes, 4);
    return (Lanes)vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(four)))));
#else
    /* Compilers make better code of this than of a conversion of vectors. */
    float values[LANES];
    for (int lane = 0; lane < LANES; lane++) values[lane] = (float)bytes[lane];
    return *(const Lanes *)values;
#endif
}

static inline __attribute__((always_inline)) void multiply_group(
    const int count, const int bits, const uint8_t *block, const Operand *x, int stride, int first,
    Lanes (*products)[PARTS]
) {
    const int parts = parts_at_once(count);
    const uint8_t *from = block + (bits == 4 ? 64 : 32);
    for (int eighth = 0; eighth < 4; eighth++) {
        Lanes sums[TILE][PARTS];
        for (int row = 0; row < count; row++)
            for (int part = 0; part < parts; part++) sums[row][part] = lanes_of(0);
        UNROLLED
        for (int column = 0; column < 8; column++)
            UNROLLED
            for (int part = 0; part < parts; part++) {
                const Lanes weights = codes(from, bits, column, first + part);
                UNROLLED
                for (int row = 0; row < count; row++)
                    sums[row][part] += weights * x[(size_t)row * stride].values[eighth * 8 + column];
            }
        for (int row = 0; row < count; row++)
            for (int part = 0; part < parts; part++)
                products[row][part] = eighth ? products[row][part] + sums[row][part] : sums[row][part];
        from += bits == 4 ? 64 : 128;
    }
}

#endif

/* Multiply one panel, 16 rows of a matrix, by ``count`` vectors of ``groups`` operands each. Inlined with constants for
   ``count`` and ``bits``; the order of the additions is the same for all. Where ``is_new`` the weights come from memory,
   which they are asked of early: products are not waited for then. */
static inline __attribute__((always_inline)) void multiply(
    const int count, const int bits, const uint8_t *block, int groups, const Operand *x, int is_new,
    Lanes (*result)[PARTS]
) {
    const int parts = parts_at_once(count);
    for (int row = 0; row < count; row++)
        for (int part = 0; part < PARTS; part++) result[row][part] = lanes_of(0);
    for (int group = 0; group < groups; group++, x++) {
        if (is_new)
            for (int line = 0; line < (bits == 4 ? 5 : 9); line++) __builtin_prefetch(block + AHEAD + 64 * line);
        UNROLLED
        for (int first = 0; first < PARTS; first += parts) {
            Lanes products[TILE][PARTS];
            multiply_group(count, bits, block, x, groups, first, products);
            for (int part = 0; part < parts; part++) {
                const Lanes scale = halves(block + 2 * LANES * (first + part));
                for (int row = 0; row < count; row++) result[row][first + part] += scale * products[row][part];
                if (bits == 4) {
                    const Lanes least = halves(block + 32 + 2 * LANES * (first + part));
                    for (int row = 0; row < count; row++)
                        result[row][first + part] += least * x[(size_t)row * groups].sum;
                }
            }
        }
        block += bits == 4 ? 320 : 544;
    }
}

#define CASE(count, bits) \
    case count: multiply(count, bits, block, groups, x, is_new, result); break;
#if WIDE
#define MORE_CASES(bits) \
    CASE(9, bits) CASE(10, bits) CASE(11, bits) CASE(12, bits) \
    CASE(13, bits) CASE(14, bits) CASE(15, bits) CASE(16, bits)
#else
#define MORE_CASES(bits)
#endif
#define CASES(bits) \
    switch (count) { \
        CASE(1, bits) CASE(2, bits) CASE(3, bits) CASE(4, bits) \
        CASE(5, bits) CASE(6, bits) CASE(7, bits) CASE(8, bits) \
        MORE_CASES(bits) \
    }

/* Multiply panel ``panel`` of a matrix by up to TILE vectors; ``is_new`` if nothing was multiplied by it just now. */
static void panel_product(
    const Matrix *matrix, int panel, int count, const Operand *x, int is_new, Lanes (*result)[PARTS]
) {
    const int groups = matrix->columns / GROUP;
    const uint8_t *block = matrix->blocks + (size_t)panel * groups * block_size(matrix);
    if (matrix->bits == 4) {
        CASES(4)
    } else {
        CASES(8)
    }
    if (matrix->bias)
        for (int row = 0; row < count; row++)
            for (int part = 0; part < PARTS; part++)
                result[row][part] += *(const Lanes *)(matrix->bias + panel * ROWS + part * LANES);
}

/* Tiles are of about the same size: 18 vectors are 9 and 9, not 16 and 2. */
static inline int tile_size(int count) {
    const int tiles = (count + TILE - 1) / TILE;
    return (count + tiles - 1) / tiles;
}

static void read_row(const Matrix *matrix, int row, float *result) {
    const int place = row % ROWS, part = place / LANES, lane = place % LANES, groups = matrix->columns / GROUP;
    const uint8_t *block = matrix->blocks + (size_t)(row / ROWS) * groups * block_size(matrix);
    for (int group = 0; group < groups; group++, block += block_size(matrix)) {
        const float scale = halves(block + 2 * LANES * part)[lane];
        const float least = matrix->bits == 4 ? halves(block + 32 + 2 * LANES * part)[lane] : 0;
        for (int column = 0; column < GROUP; column++) {
            int code;
            if (matrix->bits == 4)
                code = block[64 + column / 8 * 64 + 4 * place + column % 8 / 2] >> (4 * (column % 2)) & 15;
            else
                code = ((const int8_t *)block)[32 + column * ROWS + place];
            result[group * GROUP + column] = scale * (float)code + least;
        }
    }
}

/* ---- the step: what its phases work on ---- */

typedef struct Step Step;
typedef void (*Work)(Step *, int layer, int unit, int thread);
typedef struct {
    Work work;
    int layer, units;
} Phase;

struct Step {
    const Model *model;
    const Batch *batch;
    Phase *phases;
    int phase_count, threads;
    float *states;     /* (count, width): the residual stream */
    Operand *normed;   /* (count, width / 32), then (outputs, width / 32) */
    float *heads;      /* (count, (heads + 2 kv_heads) * head_width): q, k, v */
    float *attended;   /* (count, heads * head_width) */
    Operand *gathered; /* the same, (count, heads * head_width / 32) */
    Operand *inner;    /* (count, inner / 32) */
    float *turns;      /* (count, head_width): cosines, then sines */
    float *scores;     /* (threads there are, QUERIES, longest row) */
    int longest;       /* the longest row, in tokens, a multiple of 32 */
    struct {
        _Alignas(64) _Atomic uint64_t next; /* phase << 32 | NONE + units left; NO_STEP is beyond all phases */
    } tickets[MOST_THREADS]; /* of each thread's range */
    _Alignas(64) _Atomic int completed; /* units of the phase */
};

enum { PANELS = 2, HEAD_PANELS = 8 }; /* of one unit */

static inline int units_of(int panels, int size) { return (panels + size - 1) / size; }
static inline int least(int a, int b) { return a < b ? a : b; }

static float norm_scale(const Model *model, const float *from) {
    Lanes squares = lanes_of(0);
    for (int start = 0; start < model->width; start += LANES) {
        const Lanes values = *(const Lanes *)(from + start);
        squares += values * values;
    }
    return 1.0f / sqrtf(sum_of(squares) / model->width + model->epsilon);
}

static inline Lanes normed(const float *from, float scale, const float *weight, int start) {
    return *(const Lanes *)(from + start) * scale * *(const Lanes *)(weight + start);
}

static void normalise(const Model *model, const float *from, const float *weight, const float *added, Operand *to) {
    const float scale = norm_scale(model, from);
    for (int start = 0; start < model->width; start += GROUP) {
        Lanes values[GROUP / LANES];
        for (int part = 0; part < GROUP / LANES; part++) {
            values[part] = normed(from, scale, weight, start + part * LANES);
            if (added) values[part] += *(const Lanes *)(added + start + part * LANES);
        }
        set_operand(to++, values);
    }
}

static void embed(Step *step, int layer, int token, int thread) {
    const Model *model = step->model;
    (void)layer, (void)thread;
    const int width = model->width, id = step->batch->tokens[token];
    float *state = step->states + (size_t)token * width;
    if (id < 0)
        memcpy(state, step->batch->vectors + (size_t)(-1 - id) * width, (size_t)width * sizeof *state);
    else
        read_row(&model->embedding, id, state);
    float *cosines = step->turns + (size_t)token * model->head_width, *sines = cosines + model->head_width / 2;
    for (int pair = 0; pair < model->head_width / 2; pair++) {
        const float angle = (float)step->batch->positions[token] * model->frequencies[pair];
        cosines[pair] = cosf(angle), sines[pair] = sinf(angle);
    }
}

static void normalise_token(Step *step, const float *weight, int token) {
    const int width = step->model->width;
    const size_t place = (size_t)token * (width / GROUP);
    normalise(step->model, step->states + (size_t)token * width, weight, NULL, step->normed + place);
}

static void normalise_for_attention(Step *step, int layer, int token, int thread) {
    (void)thread;
    normalise_token(step, step->model->each[layer].norm_attention, token);
}

static void normalise_for_mlp(Step *step, int layer, int token, int thread) {
    (void)thread;
    normalise_token(step, step->model->each[layer].norm_mlp, token);
}

/* What a panel gives for one vector. */
static inline void put(float *to, const Lanes *result) { memcpy(to, result, ROWS * sizeof *to); }

/* Queries, keys and values: the panels of the three matrices, one after another. */
static void project(Step *step, int layer, int unit, int thread) {
    const Model *model = step->model;
    const Layer *weights = &model->each[layer];
    const Matrix *matrices[] = {&weights->q, &weights->k, &weights->v};
    const int width = (model->heads + 2 * model->kv_heads) * model->head_width, count = step->batch->count;
    const int size = tile_size(count);
    (void)thread;
    for (int place = unit * PANELS; place < least((unit + 1) * PANELS, width / ROWS); place++) {
        int panel = place, which = 0;
        while (panel >= matrices[which]->rows / ROWS) panel -= matrices[which++]->rows / ROWS;
        for (int start = 0; start < count; start += size) {
            Lanes result[TILE][PARTS];
            const int tile = least(size, count - start);
            panel_product(
                matrices[which], panel, tile, step->normed + (size_t)start * (model->width / GROUP), !start, result
            );
            for (int row = 0; row < tile; row++)
                put(step->heads + (size_t)(start + row) * width + place * ROWS, result[row]);
        }
    }
}

static void turn(float *head, const float *cosines, int half) {
    const float *sines = cosines + half;
    for (int pair = 0; pair < half; pair++) {
        const float first = head[pair], second = head[pair + half];
        head[pair] = first * cosines[pair] - second * sines[pair];
        head[pair + half] = second * cosines[pair] + first * sines[pair];
    }
}

static inline float *page_of(const Step *step, int token, int page, int layer, int is_value, int head) {
    const Model *model = step->model;
    const size_t size = (size_t)PAGE * model->head_width;
    return step->batch->pages[step->batch->first_pages[token] + page] +
           (((size_t)layer * 2 + is_value) * model->kv_heads + head) * size;
}

/* Rotate queries and keys by their position, and store keys and values. */
static void store(Step *step, int layer, int token, int thread) {
    const Model *model = step->model;
    const int size = model->head_width, half = size / 2, position = step->batch->positions[token];
    float *q = step->heads + (size_t)token * (model->heads + 2 * model->kv_heads) * size;
    float *k = q + model->heads * size, *v = k + model->kv_heads * size;
    const float *cosines = step->turns + (size_t)token * size;
    (void)thread;
    for (int head = 0; head < model->heads + model->kv_heads; head++) turn(q + head * size, cosines, half);
    for (int head = 0; head < model->kv_heads; head++) {
        float *keys = page_of(step, token, position / PAGE, layer, 0, head) + position % PAGE;
        for (int index = 0; index < size; index++) keys[index * PAGE] = k[head * size + index];
        float *values = page_of(step, token, position / PAGE, layer, 1, head) + (position % PAGE) * size;
        memcpy(values, v + head * size, size * sizeof(float));
    }
}

/* What some queries of one token gather from the values before it; they share the keys and values of one head. The
   scores of each lie ``longest`` apart. Inlined with constants for ``count``, so that sums stay in registers. */
static inline __attribute__((always_inline)) void attend_with(
    const int count, const Step *step, int layer, int token, int kv_head, const float *queries, float *scores, float *to
) {
    const int size = step->model->head_width, position = step->batch->positions[token], longest = step->longest;
    const float scale = 1.0f / sqrtf((float)size);
    Lanes largest[QUERIES], total[QUERIES];
    for (int query = 0; query < count; query++) largest[query] = lanes_of(-INFINITY), total[query] = lanes_of(0);
    for (int page = 0; page <= position / PAGE; page++) {
        const float *keys = page_of(step, token, page, layer, 0, kv_head);
        for (int first = 0; first < PAGE; first += TOKENS) {
            Lanes sums[QUERIES][TOKENS / LANES];
            for (int query = 0; query < count; query++)
                for (int part = 0; part < TOKENS / LANES; part++) sums[query][part] = lanes_of(0);
            for (int index = 0; index < size; index++)
                for (int part = 0; part < TOKENS / LANES; part++) {
                    const Lanes some = *(const Lanes *)(keys + index * PAGE + first + part * LANES);
                    for (int query = 0; query < count; query++)
                        sums[query][part] += queries[query * size + index] * some;
                }
            for (int query = 0; query < count; query++)
                for (int part = 0; part < TOKENS / LANES; part++)
                    *(Lanes *)(scores + (size_t)query * longest + page * PAGE + first + part * LANES) =
                        sums[query][part] * scale;
        }
        for (int query = 0; query < count; query++) {
            float *place = scores + (size_t)query * longest + page * PAGE;
            for (int later = position - page * PAGE + 1; later < PAGE; later++) place[later] = -INFINITY;
            Lanes most = *(Lanes *)place;
            for (int part = 1; part < PAGE / LANES; part++) most = larger(most, *(Lanes *)(place + part * LANES));
            largest[query] = larger(largest[query], most);
        }
    }
    for (int query = 0; query < count; query++) {
        float most = largest[query][0];
        for (int lane = 1; lane < LANES; lane++) most = largest[query][lane] > most ? largest[query][lane] : most;
        for (int start = 0; start <= position; start += LANES) {
            Lanes *weights = (Lanes *)(scores + (size_t)query * longest + start);
            *weights = exponential(*weights - most);
            total[query] += *weights;
        }
    }
    for (int start = 0; start < size; start += SIDES * LANES) {
        Lanes even[QUERIES][SIDES], odd[QUERIES][SIDES];
        for (int query = 0; query < count; query++)
            for (int side = 0; side < SIDES; side++) even[query][side] = odd[query][side] = lanes_of(0);
        for (int page = 0; page <= position / PAGE; page++) {
            const float *values = page_of(step, token, page, layer, 1, kv_head) + start;
            const float *weights = scores + page * PAGE;
            const int held = least(PAGE, position - page * PAGE + 1);
            for (int place = 0; place + 1 < held; place += 2)
                for (int query = 0; query < count; query++) {
                    const float *weight = weights + (size_t)query * longest + place, *from = values + place * size;
                    for (int side = 0; side < SIDES; side++) {
                        even[query][side] += weight[0] * *(const Lanes *)(from + side * LANES);
                        odd[query][side] += weight[1] * *(const Lanes *)(from + size + side * LANES);
                    }
                }
            if (held % 2)
                for (int query = 0; query < count; query++)
                    for (int side = 0; side < SIDES; side++)
                        even[query][side] += weights[(size_t)query * longest + held - 1] *
                                             *(const Lanes *)(values + (held - 1) * size + side * LANES);
        }
        for (int query = 0; query < count; query++)
            for (int side = 0; side < SIDES; side++)
                *(Lanes *)(to + query * size + start + side * LANES) =
                    (even[query][side] + odd[query][side]) * (1.0f / sum_of(total[query]));
    }
}

/* The queries that belong to one head of keys and values, a few at a time. */
static void attend(Step *step, int layer, int unit, int thread) {
    const Model *model = step->model;
    const int token = unit / model->kv_heads, kv_head = unit % model->kv_heads;
    const int group = model->heads / model->kv_heads, size = model->head_width;
    float *scores = step->scores + (size_t)thread * QUERIES * step->longest;
    for (int member = 0; member < group; member += QUERIES) {
        const int head = kv_head * group + member;
        const float *queries =
            step->heads + ((size_t)token * (model->heads + 2 * model->kv_heads) + head) * size;
        float *to = step->attended + ((size_t)token * model->heads + head) * size;
        switch (least(QUERIES, group - member)) {
            case 1: attend_with(1, step, layer, token, kv_head, queries, scores, to); break;
            case 2: attend_with(2, step, layer, token, kv_head, queries, scores, to); break;
            case 3: attend_with(3, step, layer, token, kv_head, queries, scores, to); break;
            case 4: attend_with(4, step, layer, token, kv_head, queries, scores, to); break;
        }
    }
    const size_t begin = ((size_t)token * model->heads + kv_head * group) * size;
    set_operands(step->gathered + begin / GROUP, step->attended + begin, group * size);
}

/* Add a matrix's product to the residual stream. */
static void add_product(Step *step, const Matrix *matrix, const Operand *x, int unit) {
    const int count = step->batch->count, size = tile_size(count), width = step->model->width;
    for (int panel = unit * PANELS; panel < least((unit + 1) * PANELS, width / ROWS); panel++)
        for (int start = 0; start < count; start += size) {
            Lanes result[TILE][PARTS];
            const int tile = least(size, count - start);
            panel_product(matrix, panel, tile, x + (size_t)start * (matrix->columns / GROUP), !start, result);
            for (int row = 0; row < tile; row++)
                for (int part = 0; part < PARTS; part++)
                    *(Lanes *)(step->states + (size_t)(start + row) * width + panel * ROWS + part * LANES) +=
                        result[row][part];
        }
}

static void gather(Step *step, int layer, int unit, int thread) {
    (void)thread;
    add_product(step, &step->model->each[layer].out, step->gathered, unit);
}

/* One group, two panels, of the inner activations. */
static void expand(Step *step, int layer, int unit, int thread) {
    const Model *model = step->model;
    const Layer *weights = &model->each[layer];
    const int count = step->batch->count, size = tile_size(count);
    (void)thread;
    for (int start = 0; start < count; start += size) {
        const int tile = least(size, count - start);
        const Operand *x = step->normed + (size_t)start * (model->width / GROUP);
        Lanes values[2][TILE][PARTS], up[TILE][PARTS];
        for (int half = 0; half < 2; half++) {
            panel_product(&weights->gate, 2 * unit + half, tile, x, !start, values[half]);
            panel_product(&weights->up, 2 * unit + half, tile, x, !start, up);
            for (int row = 0; row < tile; row++)
                for (int part = 0; part < PARTS; part++)
                    values[half][row][part] = silu(values[half][row][part]) * up[row][part];
        }
        for (int row = 0; row < tile; row++) {
            Lanes both[2 * PARTS];
            memcpy(both, values[0][row], sizeof values[0][row]);
            memcpy(both + PARTS, values[1][row], sizeof values[1][row]);
            set_operand(step->inner + (size_t)(start + row) * (model->inner / GROUP) + unit, both);
        }
    }
}

static void contract(Step *step, int layer, int unit, int thread) {
    (void)thread;
    add_product(step, &step->model->each[layer].down, step->inner, unit);
}

static void steer(Step *step, int layer, int token, int thread) {
    const int width = step->model->width;
    const float *all = step->batch->steering[token];
    (void)thread;
    if (!all) return;
    for (int start = 0; start < width; start += LANES)
        *(Lanes *)(step->states + (size_t)token * width + start) += *(const Lanes *)(all + (size_t)layer * width + start);
}

static void record(Step *step, int layer, int output, int thread) {
    const size_t width = step->model->width, place = (size_t)output * step->model->layers + layer;
    (void)thread;
    memcpy(
        step->batch->after + place * width, step->states + step->batch->wanted[output] * width, width * sizeof(float)
    );
}

static void finish(Step *step, int layer, int output, int thread) {
    const Model *model = step->model;
    const Batch *batch = step->batch;
    const int width = model->width;
    (void)layer, (void)thread;
    const float *from = step->states + (size_t)batch->wanted[output] * width;
    if (batch->logits) {
        const float *added = batch->added ? batch->added + (size_t)output * width : NULL;
        normalise(model, from, model->norm, added, step->normed + (size_t)output * (width / GROUP));
        return;
    }
    const float scale = norm_scale(model, from);
    for (int start = 0; start < width; start += LANES)
        *(Lanes *)(batch->states + (size_t)output * width + start) = normed(from, scale, model->norm, start);
}

static void predict(Step *step, int layer, int unit, int thread) {
    const Model *model = step->model;
    const Batch *batch = step->batch;
    const int count = batch->outputs, size = tile_size(count), vocabulary = model->head.rows;
    (void)layer, (void)thread;
    for (int panel = unit * HEAD_PANELS; panel < least((unit + 1) * HEAD_PANELS, vocabulary / ROWS); panel++)
        for (int start = 0; start < count; start += size) {
            Lanes result[TILE][PARTS];
            const int tile = least(size, count - start);
            panel_product(
                &model->head, panel, tile, step->normed + (size_t)start * (model->width / GROUP), !start, result
            );
            for (int row = 0; row < tile; row++)
                put(batch->logits + (size_t)(start + row) * vocabulary + panel * ROWS, result[row]);
        }
}

static int list_phases(const Model *model, const Batch *batch, Phase *phases) {
    const int projected = (model->heads + 2 * model->kv_heads) * model->head_width / ROWS;
    const int panels = model->width / ROWS;
    int count = 0;
    phases[count++] = (Phase){embed, 0, batch->count};
    for (int layer = 0; layer < model->layers; layer++) {
        phases[count++] = (Phase){normalise_for_attention, layer, batch->count};
        phases[count++] = (Phase){project, layer, units_of(projected, PANELS)};
        phases[count++] = (Phase){store, layer, batch->count};
        phases[count++] = (Phase){attend, layer, batch->count * model->kv_heads};
        phases[count++] = (Phase){gather, layer, units_of(panels, PANELS)};
        phases[count++] = (Phase){normalise_for_mlp, layer, batch->count};
        phases[count++] = (Phase){expand, layer, model->inner / GROUP};
        phases[count++] = (Phase){contract, layer, units_of(panels, PANELS)};
        if (batch->steering) phases[count++] = (Phase){steer, layer, batch->count};
        if (batch->outputs && batch->after) phases[count++] = (Phase){record, layer, batch->outputs};
    }
    if (batch->outputs && (batch->logits || batch->states)) phases[count++] = (Phase){finish, 0, batch->outputs};
    if (batch->outputs && batch->logits)
        phases[count++] = (Phase){predict, 0, units_of(model->head.rows / ROWS, HEAD_PANELS)};
    return count;
}

/* ---- threads ---- */

enum { NO_STEP = INT32_MAX };
static const uint32_t NONE = 1u << 31; /* more are drawn than there are: from a used-up range, which must show that */

/* One step at a time; it stays where it is, so that a thread that wakes late finds the step that is running then. */
static Step the_step;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t waking = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t begun = PTHREAD_COND_INITIALIZER;
static _Atomic unsigned steps_begun; /* changed under ``waking`` */
static int workers; /* threads besides the caller's */

static inline void pause_a_little(int times) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* takes about as long; "yield" takes no time on most processors */
#endif
    if (times > 4000) sched_yield();
}

static inline int first_of(int units, int range, int ranges) { return (int)((int64_t)units * range / ranges); }

/* The last range is never empty, so that no phase is over before all of its tickets are there. */
static void begin_phase(Step *step, int phase) {
    const int units = phase == NO_STEP ? 0 : step->phases[phase].units, ranges = step->threads;
    atomic_store_explicit(&step->completed, 0, memory_order_relaxed);
    for (int range = 0; range < ranges; range++) {
        const int share = first_of(units, range + 1, ranges) - first_of(units, range, ranges);
        const uint64_t tickets = (uint64_t)phase << 32 | (NONE + (uint32_t)share);
        atomic_store_explicit(&step->tickets[range].next, tickets, memory_order_release);
    }
}

static inline int phase_of(Step *step, int range) {
    return (int)(atomic_load_explicit(&step->tickets[range].next, memory_order_acquire) >> 32);
}

/* Draw from one thread's range and do what is drawn; return its phase, or -1 if the range is used up.

   Of a step only a unit that is drawn and not done may be relied on: it keeps the phase from being over. Whoever draws
   none may be put off here until the step is over and its memory is gone. */
static int work_on_range(Step *step, int range, int thread) {
    const uint64_t drawn = atomic_fetch_sub_explicit(&step->tickets[range].next, 1, memory_order_acq_rel);
    if ((uint32_t)drawn <= NONE) return -1;
    int phase = (int)(drawn >> 32);
    const int units = step->phases[phase].units;
    const int unit = first_of(units, range + 1, step->threads) - (int)((uint32_t)drawn - NONE);
    step->phases[phase].work(step, step->phases[phase].layer, unit, thread);
    if (atomic_fetch_add_explicit(&step->completed, 1, memory_order_acq_rel) + 1 == units) {
        /* The last of a phase begins the next, and does one of a single unit itself. */
        while (++phase < step->phase_count && step->phases[phase].units == 1)
            step->phases[phase].work(step, step->phases[phase].layer, 0, thread);
        begin_phase(step, phase < step->phase_count ? phase : NO_STEP);
    }
    return phase;
}

static void work_on(Step *step, int thread, int threads) {
    for (;;) {
        const int seen = phase_of(step, thread);
        if (seen == NO_STEP) return;
        int phase = -1;
        for (int other = 0; other < threads && phase < 0; other++) {
            do phase = work_on_range(step, (thread + other) % threads, thread);
            while (phase == seen);
        }
        for (int waited = 0; phase < 0; waited++) {
            if (phase_of(step, thread) != seen) break;
            pause_a_little(waited);
        }
    }
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* While a text is written the next step follows at once, and to be woken would take longer than to look out for it. */
static void look_out(unsigned seen) {
    const double end = seconds() + 2e-3;
    while (atomic_load_explicit(&steps_begun, memory_order_relaxed) == seen && seconds() < end)
        for (int times = 0; times < 20; times++) pause_a_little(0);
}

static void *wait_for_steps(void *index) {
    const int thread = (int)(intptr_t)index;
    unsigned seen = 0;
    for (;;) {
        look_out(seen);
        pthread_mutex_lock(&waking);
        while (seen == steps_begun) pthread_cond_wait(&begun, &waking);
        seen = steps_begun;
        const int threads = the_step.threads;
        pthread_mutex_unlock(&waking);
        if (thread < threads) work_on(&the_step, thread, threads);
    }
    return NULL;
}

static void have_workers(int count) {
    for (; workers < count; workers++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_for_steps, (void *)(intptr_t)(workers + 1))) return;
        pthread_detach(thread);
    }
}

/* A fork waits for the step of another thread, and has none of the workers, whatever they were at. */
static void hold_steps(void) { pthread_mutex_lock(&one_at_a_time); }

static void release_steps(void) { pthread_mutex_unlock(&one_at_a_time); }

static void release_steps_in_fork(void) {
    workers = 0;
    pthread_mutex_init(&waking, NULL);
    pthread_cond_init(&begun, NULL);
    release_steps();
}

static __attribute__((constructor)) void prepare_for_forks(void) {
    pthread_atfork(hold_steps, release_steps, release_steps_in_fork);
}

static void *room_for(size_t bytes) { return aligned_alloc(64, (bytes + 127) / 64 * 64); }

/* Compute a step with up to ``threads`` threads; return 0, or 1 where memory is short. */
int dalle_kit_step(const Model *model, const Batch *batch, int threads) {
    const size_t count = batch->count, most = count > (size_t)batch->outputs ? count : (size_t)batch->outputs;
    const size_t attended = (size_t)model->heads * model->head_width;
    int longest = 0, failed = 0;
    for (size_t token = 0; token < count; token++)
        longest = batch->positions[token] >= longest ? batch->positions[token] + 1 : longest;
    if (!count) return 0;
    threads = threads < 1 ? 1 : least(threads, MOST_THREADS);

    pthread_mutex_lock(&one_at_a_time);
    Step *step = &the_step;
    step->model = model, step->batch = batch;
    have_workers(threads - 1);
    step->longest = (longest + PAGE - 1) / PAGE * PAGE;
    const size_t heads = (size_t)(model->heads + 2 * model->kv_heads) * model->head_width;
    const size_t sizes[] = {
        count * model->width * sizeof(float), most * (model->width / GROUP) * sizeof(Operand),
        count * heads * sizeof(float), count * attended * sizeof(float), count * attended / GROUP * sizeof(Operand),
        count * (model->inner / GROUP) * sizeof(Operand), count * model->head_width * sizeof(float),
        (size_t)(workers + 1) * QUERIES * step->longest * sizeof(float),
    };
    void **places[] = {
        (void **)&step->states, (void **)&step->normed, (void **)&step->heads, (void **)&step->attended,
        (void **)&step->gathered, (void **)&step->inner, (void **)&step->turns, (void **)&step->scores,
    };
    const int parts = sizeof sizes / sizeof *sizes;
    for (int part = 0; part < parts; part++) failed |= !(*places[part] = room_for(sizes[part]));
    step->phases = malloc((10 * (size_t)model->layers + 3) * sizeof(Phase));
    failed |= !step->phases;
    if (!failed) {
        step->phase_count = list_phases(model, batch, step->phases);
        pthread_mutex_lock(&waking);
        step->threads = threads;
        begin_phase(step, 0);
        if (threads > 1) {
            steps_begun++;
            pthread_cond_broadcast(&begun);
        }
        pthread_mutex_unlock(&waking);
        work_on(step, 0, threads);
        /* Whoever ended the last phase may still be handing out the tickets that say so. */
        for (int range = 0, waited = 0; range < threads; waited++)
            if (phase_of(step, range) == NO_STEP) range++;
            else pause_a_little(waited);
    }
    for (int part = 0; part < parts; part++) free(*places[part]);
    free(step->phases);
    pthread_mutex_unlock(&one_at_a_time);
    return failed;
}
