// Written by unroll::export_header.
// clang-format off
#pragma once

#include <algorithm>
#include <unroll/inference.hpp>

namespace both {

using Model = unroll::Sequential<unroll::Embedding<double>, unroll::Bidirectional<unroll::Rnn<double, 2, 3>>, unroll::ReluRnn<double, 3, 2>, unroll::LayerNormLstm<double>, unroll::Prelu<double>, unroll::Elu<double>, unroll::Conv1d<double>, unroll::Softmax<double>>;

/// 0.weight, 2 x 5, column by column.
inline constexpr double weights_0[] = {
    0x1.f4b0db18p-3, 0x1.0a2572248p+1, -0x1.812eb67ep-1, -0x1.03ffa9c8p-1, 0x1.cf0d168p-4, -0x1.b9f2f508p-3,
    0x1.2425caep-4, 0x1.f3d0850ep+0, -0x1.32fae4b4p-1, 0x1.d674c1c4p-2};

/// 1.forward.weight_ih, 3 x 2, column by column.
inline constexpr double weights_1[] = {
    0x1.8c129e0ae2d92p-2, -0x1.2cec2ab79dafcp-3, 0x1.270a597cb4ccbp-4, -0x1.86b9281a63866p-3, -0x1.821979dd0e56dp-2, 0x1.9fd987d47a3b2p-2};

/// 1.forward.weight_hh, 3 x 3, column by column.
inline constexpr double weights_2[] = {
    -0x1.c1a8cd4c0fd57p-6, 0x1.8d03dec8328c4p-4, 0x1.2be77d02a7281p-4, 0x1.1f4d4f74419b8p-1, -0x1.35f62f44961d5p-3, 0x1.a44a86efd1f41p-2,
    0x1.daf446e5f607p-3, -0x1.7f82680969ac4p-2, -0x1.20abd867b7e98p-3};

/// 1.forward.bias, 3 x 1, column by column.
inline constexpr double weights_3[] = {
    0x1.0023d41b7f089p-1, 0x1.24d87381bcb0cp-1, -0x1.5dd5fae2cbe47p-2};

/// 1.reverse.weight_ih, 3 x 2, column by column.
inline constexpr double weights_4[] = {
    -0x1.88637f4a8aa3ep-2, 0x1.8d130c69bb268p-2, 0x1.6f10fe3bcc7abp-2, 0x1.ed6cd5352027ap-5, 0x1.09883e73c8244p-1, 0x1.e103a38cd8312p-2};

/// 1.reverse.weight_hh, 3 x 3, column by column.
inline constexpr double weights_5[] = {
    0x1.937356a2f1b19p-2, 0x1.a39193fa58539p-2, -0x1.417e20ed535fbp-2, -0x1.37c21b2c797b1p-3, -0x1.f8246d84d076ep-3, 0x1.730c034e37f58p-3,
    0x1.078ce3217589dp-1, 0x1.85b15ae37d5c6p-3, -0x1.8f11315200163p-3};

/// 1.reverse.bias, 3 x 1, column by column.
inline constexpr double weights_6[] = {
    0x1.e2449bb078ceap-3, 0x1.097c7716cc66dp-2, 0x1.e1ec5fbcce03fp-3};

/// 2.weight_ih, 2 x 3, column by column.
inline constexpr double weights_7[] = {
    -0x1.180db14924a55p-1, 0x1.6ef8cab183ed4p-3, 0x1.224e6fcc075b5p-1, 0x1.204dc4a57b547p-6, 0x1.2614e6f0368eap-1, 0x1.065156a28857ap-2};

/// 2.weight_hh, 2 x 2, column by column.
inline constexpr double weights_8[] = {
    0x1.4937e1bfe648ap-1, 0x1.27d8bfa6d42dbp-1, -0x1.657540e47cd0dp-6, -0x1.c9525b09b59d9p-2};

/// 2.bias, 2 x 1, column by column.
inline constexpr double weights_9[] = {
    -0x1.0d48cb8ae4362p-4, -0x1.4bd21726edd72p-4};

/// 3.weight_ih, 12 x 2, column by column.
inline constexpr double weights_10[] = {
    0x1.cc12a55b1b23p-2, 0x1.502ef4970f8e5p-3, -0x1.61c02e53dd25dp-2, -0x1.06b9c8717f5c5p-1, -0x1.c8347f1c21fdp-2, 0x1.0b57411b3299dp-1,
    -0x1.f3508b64ab673p-6, -0x1.a5df72a157e5fp-2, 0x1.054d39de37149p-2, -0x1.2089ace61372fp-2, 0x1.c9cebfadf2b26p-3, -0x1.f6dd9a4c30bfdp-2,
    -0x1.aa0f53e8dd229p-2, 0x1.074e6a9582c76p-1, 0x1.596ba5c69815cp-2, -0x1.bee8df1ec119p-2, -0x1.197edb4b21e2ep-1, 0x1.318200f267a4dp-5,
    0x1.c3e98497c70bcp-2, 0x1.72f6e2362b78fp-4, 0x1.0bb014602861fp-2, 0x1.91cc19c910952p-4, 0x1.b40847273be31p-5, 0x1.2643b1af1a5f1p-1};

/// 3.weight_hh, 12 x 3, column by column.
inline constexpr double weights_11[] = {
    0x1.04e7d7806a497p-1, -0x1.904005485d538p-2, -0x1.3a21e489a7fb2p-2, 0x1.b4ccf945952cdp-2, 0x1.c3b391746e0e2p-3, 0x1.176a125c29a69p-4,
    0x1.63928bab39e8cp-5, 0x1.e657895d46c61p-3, -0x1.b46a4ec135fdep-3, -0x1.8791ec046e23dp-2, -0x1.4baa9f7c574ecp-2, 0x1.eb153599c6829p-2,
    -0x1.1af24a75e576ap-1, 0x1.c628980e51237p-8, -0x1.8a7ebca3ce063p-3, 0x1.b237a2df99bbfp-4, 0x1.57ab6d2b19a2p-3, -0x1.a695ce2708fd5p-2,
    -0x1.cb6b0f586e69p-8, -0x1.91e9d88e1764fp-2, -0x1.def1785e5bcf1p-3, 0x1.8fb16bafce86cp-3, 0x1.ee942e30ccd3p-2, 0x1.a8a584561624bp-3,
    0x1.612cc6bfc594bp-3, -0x1.072dd9eb775a5p-1, -0x1.a35f4bb653062p-2, 0x1.1252d9429146ep-8, 0x1.263a8140b7cadp-1, -0x1.2ffb33c9dc01ep-4,
    -0x1.12518d52c4251p-1, 0x1.3a27b2e99aee9p-2, 0x1.04287c946ecfbp-1, -0x1.f0d01c8deaa37p-4, 0x1.3c8a698987e9dp-3, 0x1.b827bb9616ccap-3};

/// 3.bias, 12 x 1, column by column.
inline constexpr double weights_12[] = {
    0x1.bf7167381c423p-2, 0x1.731a64c049357p-2, 0x1.0e1305f547d73p-1, 0x1.fed9bb10ad5a9p-3, -0x1.64543591e10bp-2, 0x1.edb690bfb7f97p-6,
    -0x1.10db9d40684d1p-2, 0x1.9e78f9556d321p-3, -0x1.05572d13bb1e7p-1, 0x1.6542296e9569fp-5, 0x1.15f2af86c62a1p-1, 0x1.5eead2674e555p-2};

/// 3.gain_ih, 12 x 1, column by column.
inline constexpr double weights_13[] = {
    0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0,
    0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0};

/// 3.gain_hh, 12 x 1, column by column.
inline constexpr double weights_14[] = {
    0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0,
    0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0, 0x1p+0};

/// 3.gain_c, 3 x 1, column by column.
inline constexpr double weights_15[] = {
    0x1p+0, 0x1p+0, 0x1p+0};

/// 3.bias_c, 3 x 1, column by column.
inline constexpr double weights_16[] = {
    0x0p+0, 0x0p+0, 0x0p+0};

/// 4.weight, 3 x 1, column by column.
inline constexpr double weights_17[] = {
    0x1p-2, 0x1p-2, 0x1p-2};

/// 6.weight, 3 x 2, column by column.
inline constexpr double weights_18[] = {
    0x1.613196bdd2229p-5, -0x1.584c0e170b653p-2, 0x1.5947d04704116p-1, 0x1.22b9079cd9169p-1, -0x1.7aaf82f56f236p-3, 0x1.15afddc784f91p-1};

/// 6.bias, 3 x 1, column by column.
inline constexpr double weights_19[] = {
    -0x1.3e87878ce6c2p-1, -0x1.6f5152a3ecdf8p-3, -0x1.c6fe391027699p-2};

inline Model model() {
  Model result = Model(unroll::Embedding<double>::zeros(5, 2), unroll::Bidirectional<unroll::Rnn<double, 2, 3>>(unroll::Rnn<double, 2, 3>::zeros({unroll::Direction::forward, unroll::Readout::mean}), unroll::Rnn<double, 2, 3>::zeros({unroll::Direction::reverse, unroll::Readout::mean}), unroll::Merge::sum), unroll::ReluRnn<double, 3, 2>::zeros({unroll::Direction::forward, unroll::Readout::all, 0, 0x1.999999999999ap-4, 0x0p+0}), unroll::LayerNormLstm<double>::zeros(2, 3, {unroll::Direction::forward, unroll::Readout::all}), unroll::Prelu<double>(3), unroll::Elu<double>({0.7}), unroll::Conv1d<double>::zeros(3, 3, 2, {4, 3}), unroll::Softmax<double>());
  const double* const weights[] = {weights_0, weights_1, weights_2, weights_3, weights_4, weights_5, weights_6, weights_7, weights_8, weights_9, weights_10, weights_11, weights_12, weights_13, weights_14, weights_15, weights_16, weights_17, weights_18, weights_19};
  std::size_t k = 0;
  unroll::for_each_tensor(
      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },
      result);
  return result;
}

}  // namespace both
