// Written by unroll::export_header.
// clang-format off
#pragma once

#include <algorithm>
#include <unroll/inference.hpp>

namespace paths {

using Model = unroll::Sequential<unroll::Residual<unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>>, unroll::Residual<unroll::Dropout<float>>, unroll::Branches<unroll::Dense<float, 1, 2>, unroll::Sequential<unroll::Lstm<float, 1, 3>, unroll::Dense<float, 3, 1>>>, unroll::Recurrent<unroll::cells::Approximate<unroll::cells::Lstm, 4>, float, 3, 2>, unroll::Recurrent<unroll::cells::Approximate<unroll::cells::Gru, 5>, float, 2, 1>>;

/// 0.layer.0.weight_ih, 24 x 1, column by column.
inline constexpr float weights_0[] = {
    0x1.cdb12cp-3f, 0x1.1a505p-3f, -0x1.29dfaep-4f, 0x1.696438p-7f, -0x1.aa60c4p-3f, 0x1.b3997ap-4f,
    0x1.85a502p-4f, -0x1.b21ac8p-5f, 0x1.cdb86p-3f, -0x1.a21f9p-8f, 0x1.699118p-2f, -0x1.93ac22p-4f,
    0x1.2ef84ep-3f, 0x1.0dc548p-5f, -0x1.86cb3ep-3f, 0x1.750e16p-5f, -0x1.2da1f6p-5f, 0x1.f0597p-3f,
    -0x1.4eb7bep-5f, -0x1.10f376p-3f, 0x1.0328d8p-3f, -0x1.2cf314p-2f, -0x1.6d228p-4f, -0x1.27d53p-3f};

/// 0.layer.0.weight_hh, 24 x 8, column by column.
inline constexpr float weights_1[] = {
    -0x1.1ccfe4p-3f, -0x1.134aeap-3f, -0x1.25d116p-4f, 0x1.c672bp-3f, 0x1.a6398ap-4f, 0x1.edb02cp-4f,
    0x1.c57c32p-4f, -0x1.1eb282p-2f, -0x1.68d84ep-2f, 0x1.5904c2p-2f, 0x1.619d68p-2f, 0x1.2b594cp-3f,
    -0x1.768a74p-6f, 0x1.c6dd72p-8f, 0x1.61dc76p-2f, -0x1.0bf17p-2f, -0x1.f6679cp-5f, -0x1.319d78p-3f,
    0x1.31d6fep-3f, 0x1.2b52bep-3f, -0x1.b32698p-3f, 0x1.0131f2p-4f, -0x1.3efa0cp-4f, -0x1.cc607ap-3f,
    -0x1.7bc7d4p-5f, 0x1.713b0ep-3f, 0x1.bf09eap-4f, 0x1.b613d6p-4f, 0x1.2633ap-2f, -0x1.1da1f4p-4f,
    -0x1.15b57ap-5f, 0x1.38d97ap-4f, -0x1.1789f4p-7f, -0x1.47435ep-2f, 0x1.715088p-3f, -0x1.c1bdccp-4f,
    -0x1.2f8834p-3f, -0x1.19a52cp-2f, -0x1.277e86p-2f, 0x1.3d204p-2f, 0x1.df4254p-3f, -0x1.38b6e8p-3f,
    0x1.3617a6p-3f, -0x1.43f53ap-3f, 0x1.984252p-5f, 0x1.230198p-2f, 0x1.c28d12p-3f, 0x1.07f36cp-3f,
    -0x1.5e45aap-3f, 0x1.c67ab4p-4f, 0x1.7c41a2p-4f, 0x1.96b5d2p-6f, 0x1.cf23acp-3f, -0x1.6852d2p-3f,
    -0x1.b68f6ep-3f, -0x1.43a0c6p-3f, 0x1.f707a8p-3f, 0x1.30041ep-2f, 0x1.51cb5ep-4f, 0x1.a30284p-4f,
    -0x1.64d3aep-4f, -0x1.deaa02p-3f, 0x1.df0012p-3f, -0x1.cc4f1ep-3f, -0x1.055258p-2f, 0x1.2bce62p-2f,
    0x1.17342ap-2f, -0x1.47b62ep-2f, -0x1.91b0fp-3f, 0x1.14011p-2f, 0x1.3712e4p-4f, -0x1.44e49cp-3f,
    0x1.ff7a58p-3f, -0x1.4d3b7p-2f, 0x1.529856p-2f, -0x1.5704d4p-4f, 0x1.66d12ap-2f, 0x1.0fa97ep-4f,
    -0x1.f0d316p-6f, 0x1.1a2a4cp-3f, 0x1.69026p-4f, 0x1.4effccp-3f, 0x1.0dd286p-2f, -0x1.0deaf2p-3f,
    -0x1.762d12p-4f, 0x1.2ea6bap-4f, 0x1.3bf1cep-3f, -0x1.2f605p-6f, 0x1.0bb61ap-7f, 0x1.5b041cp-3f,
    0x1.a625d4p-4f, 0x1.4ce2fcp-2f, -0x1.f7843p-5f, 0x1.9678dcp-3f, -0x1.18bd6p-2f, -0x1.396cf8p-3f,
    -0x1.dc7e72p-3f, -0x1.602e3ap-5f, 0x1.01fd8p-2f, -0x1.36cfe8p-3f, -0x1.edf8b2p-3f, 0x1.59ccf6p-2f,
    0x1.3834f4p-3f, -0x1.03cebap-3f, -0x1.16905p-3f, 0x1.1a0bb2p-6f, 0x1.78e31ap-3f, -0x1.ade554p-5f,
    0x1.68eee2p-2f, -0x1.37129ap-2f, 0x1.b48114p-3f, 0x1.ee442ep-4f, -0x1.606206p-2f, 0x1.3b204cp-3f,
    -0x1.4c4f4ep-2f, 0x1.8a4aeep-3f, 0x1.086d2ap-3f, -0x1.0d7eeap-2f, 0x1.1e577p-6f, 0x1.18b7c2p-2f,
    -0x1.256e44p-3f, -0x1.a7b274p-3f, -0x1.4eb216p-2f, -0x1.363a92p-2f, -0x1.ed1cfap-3f, 0x1.ee89e6p-5f,
    -0x1.4db4b4p-2f, -0x1.4fbb7ap-3f, -0x1.06b978p-2f, -0x1.438326p-2f, -0x1.124a6p-2f, 0x1.48f9c4p-2f,
    -0x1.213b74p-2f, -0x1.b2b02ep-3f, 0x1.2a4b28p-4f, -0x1.3636e4p-2f, 0x1.803066p-3f, 0x1.545f8p-3f,
    0x1.4d9edp-7f, 0x1.615372p-2f, 0x1.02e7acp-3f, 0x1.e3d0d4p-4f, -0x1.511b92p-4f, -0x1.4a64a6p-5f,
    -0x1.72a99cp-8f, 0x1.8bc58p-3f, -0x1.51c70ap-2f, -0x1.112252p-6f, -0x1.eacb5ap-4f, -0x1.39fbc4p-2f,
    -0x1.f26552p-3f, 0x1.69a1a8p-4f, 0x1.3fa13ep-3f, -0x1.4d2a2ap-3f, -0x1.11f3b8p-2f, 0x1.0a7f24p-3f,
    -0x1.67d506p-3f, 0x1.b0a258p-3f, -0x1.1ea988p-3f, 0x1.da247p-7f, 0x1.0e021p-3f, -0x1.265fp-4f,
    -0x1.38f332p-2f, 0x1.7ff8cp-3f, -0x1.9eb6d4p-5f, -0x1.bef45cp-3f, 0x1.a3b602p-4f, 0x1.db89e6p-4f,
    -0x1.d81874p-9f, -0x1.2fa7eap-6f, -0x1.6b4ca4p-3f, 0x1.57d824p-5f, -0x1.497e8ap-2f, 0x1.29b6acp-2f,
    0x1.ace6a2p-6f, 0x1.bb30fp-3f, 0x1.2624e4p-5f, 0x1.e3a27ap-3f, -0x1.4785a2p-3f, 0x1.301ec4p-2f,
    -0x1.c8c61ep-3f, 0x1.2826c6p-2f, -0x1.970fb4p-5f, -0x1.7171fap-4f, 0x1.295178p-2f, 0x1.a288aap-4f,
    0x1.b9a41p-5f, 0x1.9511bcp-3f, 0x1.c7711ep-3f, 0x1.108d8cp-2f, 0x1.23a9bp-2f, 0x1.0baa66p-2f};

/// 0.layer.0.bias, 32 x 1, column by column.
inline constexpr float weights_2[] = {
    0x1.0b0facp-4f, 0x1.36cf22p-2f, 0x1.8fec98p-3f, 0x1.d820dap-3f, -0x1.4ad65cp-3f, -0x1.5102ecp-2f,
    0x1.4d09c6p-3f, -0x1.d4747p-3f, 0x1.4bb974p-2f, 0x1.15fc06p-3f, -0x1.7c428p-6f, -0x1.4d4a56p-2f,
    0x1.7b17ecp-3f, 0x1.32c184p-8f, -0x1.2528f2p-2f, 0x1.8056e6p-4f, 0x1.041f96p-3f, -0x1.492694p-3f,
    -0x1.a68a12p-4f, -0x1.887de4p-3f, 0x1.ccf37ep-4f, 0x1.682f5ep-2f, 0x1.3d217ep-2f, 0x1.08985ep-2f,
    0x1.4ee20cp-2f, 0x1.2978fap-4f, -0x1.b9d69cp-3f, 0x1.2e224ep-3f, 0x1.9d8e38p-3f, -0x1.054d0ep-2f,
    -0x1.170598p-2f, -0x1.c96d1cp-3f};

/// 0.layer.1.weight, 1 x 8, column by column.
inline constexpr float weights_3[] = {
    -0x1.3b617ap-3f, -0x1.7a8ef2p-4f, 0x1.400168p-3f, -0x1.d53574p-3f, 0x1.891e38p-3f, 0x1.b626ep-3f,
    -0x1.c169d8p-3f, -0x1.1ba452p-3f};

/// 0.layer.1.bias, 1 x 1, column by column.
inline constexpr float weights_4[] = {
    0x1.9f3984p-4f};

/// 2.0.weight, 2 x 1, column by column.
inline constexpr float weights_5[] = {
    0x1.5e3ef4p-2f, -0x1.f168bcp-1f};

/// 2.0.bias, 2 x 1, column by column.
inline constexpr float weights_6[] = {
    -0x1.1a719ap-1f, 0x1.c8a6e6p-2f};

/// 2.1.0.weight_ih, 12 x 1, column by column.
inline constexpr float weights_7[] = {
    0x1.df5ab2p-2f, -0x1.bb7a18p-4f, 0x1.b5a22cp-2f, -0x1.fec9p-2f, 0x1.0bbc8p-2f, 0x1.13e2cp-1f,
    -0x1.42582p-5f, -0x1.0960c2p-2f, 0x1.998804p-2f, 0x1.0463b2p-2f, 0x1.27eb44p-2f, 0x1.0c38ccp-5f};

/// 2.1.0.weight_hh, 12 x 3, column by column.
inline constexpr float weights_8[] = {
    -0x1.453a12p-2f, -0x1.88583cp-3f, -0x1.ea8446p-2f, 0x1.2de4f2p-5f, -0x1.a32146p-5f, 0x1.0647a2p-1f,
    -0x1.0bea7cp-2f, 0x1.6e757p-4f, 0x1.5e1a02p-2f, 0x1.1b9388p-2f, -0x1.a51262p-2f, -0x1.26c3a8p-2f,
    -0x1.3157p-5f, 0x1.40f90ep-2f, 0x1.a3c5e2p-3f, -0x1.0c88e4p-2f, -0x1.6e426p-3f, -0x1.ed673cp-2f,
    0x1.307aaep-2f, 0x1.ff8ad6p-2f, -0x1.266f5ap-5f, 0x1.92ffaap-3f, -0x1.e45028p-4f, -0x1.87f09ap-4f,
    0x1.5e6338p-2f, -0x1.293546p-4f, -0x1.1fab0ep-1f, -0x1.c8cb6p-2f, 0x1.1206f8p-3f, -0x1.7161e8p-2f,
    -0x1.6bd38p-2f, -0x1.e7f208p-2f, -0x1.8a9d6p-2f, -0x1.5a560cp-3f, -0x1.05cc24p-6f, 0x1.ec5f2ap-2f};

/// 2.1.0.bias, 12 x 1, column by column.
inline constexpr float weights_9[] = {
    -0x1.b2b56cp-5f, -0x1.bb6a24p-4f, -0x1.0d60b8p-1f, -0x1.4acc4ap-2f, -0x1.d458e6p-2f, 0x1.a7488cp-2f,
    0x1.609258p-2f, 0x1.05ec6ap-1f, -0x1.15846p-4f, 0x1.c1ab5p-2f, 0x1.f87dccp-2f, -0x1.b17678p-2f};

/// 2.1.1.weight, 1 x 3, column by column.
inline constexpr float weights_10[] = {
    -0x1.0734eep-2f, -0x1.740938p-5f, 0x1.8af72cp-2f};

/// 2.1.1.bias, 1 x 1, column by column.
inline constexpr float weights_11[] = {
    0x1.cbfd88p-2f};

/// 3.weight_ih, 8 x 3, column by column.
inline constexpr float weights_12[] = {
    0x1.8764d6p-2f, 0x1.4aee92p-4f, 0x1.15c6d8p-15f, 0x1.38400cp-4f, -0x1.53b454p-1f, -0x1.2ac52ap-1f,
    0x1.7e4fc2p-3f, 0x1.264c16p-3f, -0x1.1bbccep-2f, -0x1.ea4e5ap-2f, -0x1.681bb6p-1f, 0x1.4b219ep-1f,
    0x1.2dac38p-2f, 0x1.109a7ep-2f, 0x1.64b0ccp-3f, -0x1.5b15ccp-1f, 0x1.28ef7ep-6f, 0x1.54fe7p-1f,
    -0x1.566a22p-1f, 0x1.757586p-3f, -0x1.f8f734p-2f, -0x1.e1c3bp-3f, 0x1.5d8e84p-1f, -0x1.e25f82p-3f};

/// 3.weight_hh, 8 x 2, column by column.
inline constexpr float weights_13[] = {
    -0x1.c0003cp-2f, -0x1.0f5b16p-3f, -0x1.b2ba78p-5f, -0x1.49285p-1f, -0x1.ebf348p-3f, 0x1.8a1312p-3f,
    0x1.5a93eep-1f, -0x1.5ed4eep-4f, 0x1.6f502cp-5f, 0x1.20433p-2f, -0x1.13f7eap-1f, 0x1.6edf12p-3f,
    0x1.4ff0dp-2f, -0x1.11583ep-1f, -0x1.33af2ap-1f, -0x1.afda24p-2f};

/// 3.bias, 8 x 1, column by column.
inline constexpr float weights_14[] = {
    0x1.267a52p-1f, -0x1.9c111p-5f, 0x1.498e1ap-1f, 0x1.101f76p-2f, 0x1.07934p-1f, -0x1.780a7ep-5f,
    0x1.803e5ap-2f, -0x1.23b03cp-2f};

/// 4.weight_ih, 3 x 2, column by column.
inline constexpr float weights_15[] = {
    0x1.f05f2p-2f, 0x1.05e5d4p-1f, -0x1.c14b3ep-2f, -0x1.2d379ep-1f, -0x1.38f614p-1f, 0x1.c21ec6p-5f};

/// 4.weight_hh, 3 x 1, column by column.
inline constexpr float weights_16[] = {
    -0x1.115db6p-1f, 0x1.7bf94cp-4f, -0x1.4a300cp-5f};

/// 4.bias, 4 x 1, column by column.
inline constexpr float weights_17[] = {
    0x1.d3c822p-1f, 0x1.6b6afap-3f, -0x1.2adbfep-4f, 0x1.f27f2p-1f};

inline Model model() {
  Model result = Model(unroll::Residual<unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>>(unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>(unroll::Gru<float, 1, 8>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Dense<float, 8, 1>::zeros(8, 1))), unroll::Residual<unroll::Dropout<float>>(unroll::Dropout<float>(0)), unroll::Branches<unroll::Dense<float, 1, 2>, unroll::Sequential<unroll::Lstm<float, 1, 3>, unroll::Dense<float, 3, 1>>>(unroll::Dense<float, 1, 2>::zeros(1, 2), unroll::Sequential<unroll::Lstm<float, 1, 3>, unroll::Dense<float, 3, 1>>(unroll::Lstm<float, 1, 3>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Dense<float, 3, 1>::zeros(3, 1))), unroll::Recurrent<unroll::cells::Approximate<unroll::cells::Lstm, 4>, float, 3, 2>::zeros({unroll::Direction::forward, unroll::Readout::all}), unroll::Recurrent<unroll::cells::Approximate<unroll::cells::Gru, 5>, float, 2, 1>::zeros({unroll::Direction::forward, unroll::Readout::all}));
  const float* const weights[] = {weights_0, weights_1, weights_2, weights_3, weights_4, weights_5, weights_6, weights_7, weights_8, weights_9, weights_10, weights_11, weights_12, weights_13, weights_14, weights_15, weights_16, weights_17};
  std::size_t k = 0;
  unroll::for_each_tensor(
      [&](const std::string&, auto& tensor) { std::copy_n(weights[k++], tensor.size(), tensor.data()); },
      result);
  return result;
}

}  // namespace paths
