// Written by unroll::export_header.
// clang-format off
#pragma once

#include <algorithm>
#include <unroll/unroll.hpp>

namespace both {

using Model = unroll::Sequential<unroll::Embedding<double>, unroll::Bidirectional<unroll::Rnn<double, 2, 3>>, unroll::ReluRnn<double, 3, 2>>;

/// 0.weight, 2 x 5, column by column.
inline constexpr double weights_0[] = {
    0x1.02a7e10cp-1, -0x1.8d29ab4p-5, -0x1.d754c24ap-1, 0x1.041df8p-8, -0x1.305e27c4p-1, -0x1.f084405p-3,
    -0x1.e89892ep-5, -0x1.53415f6p-5, 0x1.3a6bce71p+0, 0x1.0d194c64p-2};

/// 1.forward.weight_ih, 3 x 2, column by column.
inline constexpr double weights_1[] = {
    -0x1.750408f680982p-3, 0x1.4dd9eb65c25bcp-4, -0x1.ac30882f751ccp-2, 0x1.396ae7290dd13p-2, 0x1.f70c212f8df6cp-5, -0x1.2a71ada6c3cf8p-2};

/// 1.forward.weight_hh, 3 x 3, column by column.
inline constexpr double weights_2[] = {
    -0x1.f6594f12d2cfp-2, -0x1.8dc38b1343be7p-2, 0x1.e3a2e7026073cp-2, 0x1.8c19b5b48a41ap-5, 0x1.8bbed70ff1c82p-2, -0x1.05e6a60b53cd4p-1,
    0x1.04ca28a0a8aabp-1, -0x1.cd29ef83fb633p-3, -0x1.57e653af82799p-3};

/// 1.forward.bias, 3 x 1, column by column.
inline constexpr double weights_3[] = {
    0x1.01fd85324329bp-1, 0x1.ece21de9c01e7p-4, 0x1.5aa51fd58924dp-3};

/// 1.reverse.weight_ih, 3 x 2, column by column.
inline constexpr double weights_4[] = {
    -0x1.ba0d6c6575ae3p-2, 0x1.a6da58865610fp-3, 0x1.5ead236590f34p-3, 0x1.c990786f162d5p-2, 0x1.ff3664b1c9f8fp-2, -0x1.1ab057371daaep-1};

/// 1.reverse.weight_hh, 3 x 3, column by column.
inline constexpr double weights_5[] = {
    -0x1.19885311fb1ecp-2, -0x1.df47b1362a025p-2, 0x1.0a6362e8058edp-2, -0x1.f901a7d301553p-3, 0x1.2cd3eab115569p-3, 0x1.ad47d03040d17p-2,
    0x1.3c4804422999dp-2, -0x1.eab068afdf586p-5, 0x1.1427f74e71a44p-1};

/// 1.reverse.bias, 3 x 1, column by column.
inline constexpr double weights_6[] = {
    0x1.75ff10946afc4p-2, -0x1.d42b533d0f55bp-3, 0x1.a659506064fcbp-2};

/// 2.weight_ih, 2 x 3, column by column.
inline constexpr double weights_7[] = {
    0x1.5eb84048abc8ap-2, 0x1.6b7afec26424cp-3, 0x1.2f6133170599dp-1, -0x1.41542c97297fap-1, -0x1.c1f956161de67p-6, 0x1.41730644bf556p-3};

/// 2.weight_hh, 2 x 2, column by column.
inline constexpr double weights_8[] = {
    0x1.9a44a17589ea5p-2, -0x1.6c98ca325040dp-2, 0x1.5744241efe872p-2, -0x1.5aae4c1cd688bp-2};

/// 2.bias, 2 x 1, column by column.
inline constexpr double weights_9[] = {
    -0x1.80124d934475p-4, 0x1.017719f4386f8p-2};

inline Model model() {
  Model result = Model(unroll::Embedding<double>::zeros(5, 2), unroll::Bidirectional<unroll::Rnn<double, 2, 3>>(unroll::Rnn<double, 2, 3>::zeros({unroll::Direction::forward, unroll::Readout::mean}), unroll::Rnn<double, 2, 3>::zeros({unroll::Direction::reverse, unroll::Readout::mean}), unroll::Merge::sum), unroll::ReluRnn<double, 3, 2>::zeros({unroll::Direction::forward, unroll::Readout::all, 0, 0x1.999999999999ap-4, 0x0p+0}));
  const double* const weights[] = {weights_0, weights_1, weights_2, weights_3, weights_4, weights_5, weights_6, weights_7, weights_8, weights_9};
  std::size_t k = 0;
  unroll::for_each_tensor(
      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },
      result);
  return result;
}

}  // namespace both
