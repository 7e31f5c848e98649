#pragma once

#include <Eigen/Core>
#include <Eigen/QR>

/// Forecasts of the last `held_out` values of a series, each from the true values before it.

/// Each value is forecast to be the one before.
inline Eigen::VectorXd last_value(const Eigen::VectorXd& x, Eigen::Index held_out) {
  return x.segment(x.size() - held_out - 1, held_out);
}

/// x[t] = a + b1 x[t-1] + ... + b9 x[t-9], fitted by least squares to the values that are not held out.
inline Eigen::VectorXd autoregression(const Eigen::VectorXd& x, Eigen::Index held_out) {
  constexpr Eigen::Index order = 9;  // the textbooks' choice for sunspots
  Eigen::MatrixXd rows(x.size() - order, order + 1);
  for (Eigen::Index t = 0; t < rows.rows(); ++t) rows.row(t) << 1, x.segment(t, order).transpose();
  const Eigen::Index fitted = rows.rows() - held_out;
  const Eigen::VectorXd coefficients = rows.topRows(fitted).colPivHouseholderQr().solve(x.segment(order, fitted));
  return rows.bottomRows(held_out) * coefficients;
}
